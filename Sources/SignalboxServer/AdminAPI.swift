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

    private func metrics(_ exchange: Exchange) -> Reply {
        var text: [UInt8] = []
        registry.renderText(into: &text)
        var reply = Reply(
            status: 200,
            headers: [("content-type", MetricRegistry.textContentType), ("vary", "accept-encoding")],
            body: text)
        if exchange.header("accept-encoding")?.contains("gzip") == true, let packed = Gzip.compress(text) {
            reply.body = packed
            reply.headers.append(("content-encoding", "gzip"))
        }
        return reply
    }
}
