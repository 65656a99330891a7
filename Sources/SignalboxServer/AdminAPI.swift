import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import Synchronization

/// The admin listener: metrics and health. Never on the public port.
struct AdminAPI: Sendable {
    let registry: MetricRegistry
    let readiness: Readiness

    func handle(_ exchange: Exchange) async {
        let id = RequestID.of(exchange)
        guard exchange.method == "GET" || exchange.method == "HEAD" else {
            var reply = AdminAPI.text(405, "use GET or HEAD\n")
            reply.headers.append(("allow", "GET, HEAD"))
            return exchange.respond(reply, id)
        }
        exchange.respond(reply(to: exchange), id)
    }

    private func reply(to exchange: Exchange) -> Reply {
        switch exchange.path {
        case "/metrics": return metrics(exchange)
        case "/healthz": return AdminAPI.text(200, "ok\n")
        case "/readyz":
            switch readiness.state {
            case .ready: return AdminAPI.text(200, "ready\n")
            case .starting: return AdminAPI.text(503, "starting\n")
            case .draining: return AdminAPI.text(503, "draining\n")
            }
        default: return AdminAPI.text(404, "not found; there are /metrics, /healthz and /readyz\n")
        }
    }

    private func metrics(_ exchange: Exchange) -> Reply {
        var text: [UInt8] = []
        registry.renderText(into: &text)
        var reply = Reply(
            status: 200, headers: [("content-type", MetricRegistry.textContentType), ("vary", "accept-encoding")],
            body: text)
        if exchange.header("accept-encoding")?.contains("gzip") == true, let packed = Gzip.compress(text) {
            reply.body = packed
            reply.headers.append(("content-encoding", "gzip"))
        }
        return reply
    }

    private static func text(_ status: Int, _ text: String) -> Reply {
        Reply(
            status: status, headers: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}

/// Whether a load balancer should send requests here.
final class Readiness: Sendable {
    enum State: Sendable {
        case starting
        case ready
        case draining
    }

    private let current = Mutex(State.starting)

    var state: State { current.withLock { $0 } }

    func become(_ state: State) {
        current.withLock { $0 = state }
    }
}
