import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// The admin listener: metrics and health. Never on the public port.
struct AdminAPI: Sendable {
    let scrapes: Scrapes
    let health: HealthReplies
    let events: ScrapeEvents
    /// What `/metrics` asks for; nil where it is open.
    let metricsAccess: AdminAccess?

    func handle(_ exchange: Exchange) async {
        let id = RequestID.of(exchange)
        guard exchange.method == "GET" || exchange.method == "HEAD" else {
            var reply = Reply.text(405, "use GET or HEAD\n")
            reply.headers.append(("allow", "GET, HEAD"))
            return exchange.respond(reply, id)
        }
        switch exchange.path {
        case "/metrics":
            if let metricsAccess, !metricsAccess.admits(exchange.header("authorization")) {
                events.scraped(.unauthorized, since: exchange.receivedAt, at: exchange.loop.now())
                return exchange.respond(.unauthorized(metricsAccess), id)
            }
            await scrapes.answer(exchange, id)
        case "/healthz", "/readyz": exchange.respond(health.reply(to: exchange), id)
        default:
            exchange.respond(Reply.text(404, "not found; there are /metrics, /healthz and /readyz\n"), id)
        }
    }
}

extension AdminAPI {
    /// - Parameters:
    ///   - loop: the admin listener's.
    ///   - renderer: the loop whose thread renders the metrics.
    init(
        _ admin: Configuration.Admin, registry: MetricRegistry, health: HealthReplies, loop: EventLoop,
        renderer: EventLoop
    ) {
        events = ScrapeEvents(registry: registry)
        scrapes = Scrapes(
            registry: registry, renderer: renderer, events: events, scrapesMax: admin.scrapesMax,
            freshness: admin.scrapeFreshness)
        self.health = health
        metricsAccess = admin.protectsMetrics ? AdminAccess(admin) : nil
        let scrapes = scrapes
        loop.repeatEvery(.seconds(1)) { [unowned loop] in scrapes.expire(at: loop.now()) }
    }
}

extension Reply {
    fileprivate static func unauthorized(_ access: AdminAccess) -> Reply {
        var reply = Reply.text(401, "prove who you are\n")
        reply.headers += access.challenges.map { ("www-authenticate", $0) }
        return reply
    }
}
