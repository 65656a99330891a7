import SignalboxHTTP
import Synchronization

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

/// `/healthz`: the process lives. `/readyz`: it takes requests. On both listeners, for whoever probes which.
struct HealthReplies: Sendable {
    let readiness: Readiness

    func reply(to exchange: Exchange) -> Reply {
        guard exchange.method == "GET" || exchange.method == "HEAD" else {
            var reply = Reply.text(405, "use GET or HEAD\n")
            reply.headers.append(("allow", "GET, HEAD"))
            return reply
        }
        if exchange.path == "/healthz" { return .text(200, "ok\n") }
        switch readiness.state {
        case .ready: return .text(200, "ready\n")
        case .starting: return .text(503, "starting\n")
        case .draining: return .text(503, "draining\n")
        }
    }
}

extension HealthReplies {
    var endpoints: [AdminEndpoint] {
        ["/healthz", "/readyz"].map { path in
            AdminEndpoint(.get, path, for: .open) { exchange, id in
                exchange.respond(reply(to: exchange), id)
            }
        }
    }
}

extension Reply {
    static func text(_ status: Int, _ text: String) -> Reply {
        Reply(
            status: status, headers: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    }
}
