import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// The admin listener: metrics and health. Never on the public port.
struct AdminAPI: Sendable {
    let registry: MetricRegistry
    let health: HealthReplies

    func handle(_ exchange: Exchange) async {
        let id = RequestID.of(exchange)
        guard exchange.method == "GET" || exchange.method == "HEAD" else {
            var reply = Reply.text(405, "use GET or HEAD\n")
            reply.headers.append(("allow", "GET, HEAD"))
            return exchange.respond(reply, id)
        }
        exchange.respond(reply(to: exchange), id)
    }

    private func reply(to exchange: Exchange) -> Reply {
        switch exchange.path {
        case "/metrics": return metrics(exchange)
        case "/healthz", "/readyz": return health.reply(to: exchange)
        default: return Reply.text(404, "not found; there are /metrics, /healthz and /readyz\n")
        }
    }

    /// What answers HEAD as well: libmicrohttpd sends the header alone, with the length of what GET sends.
    private func metrics(_ exchange: Exchange) -> Reply {
        let format = ExpositionFormat.negotiate(accept: exchange.header("accept"))
        var text: [UInt8] = []
        registry.render(format, into: &text)
        var reply = Reply(
            status: 200,
            headers: [("content-type", format.contentType), ("vary", "Accept, Accept-Encoding")],
            body: text)
        let isPacked = Gzip.isPreferred(acceptEncoding: exchange.header("accept-encoding"))
        if isPacked, let packed = Gzip.compress(text) {
            reply.body = packed
            reply.headers.append(("content-encoding", "gzip"))
        }
        return reply
    }
}
