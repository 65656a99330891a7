import Signalbox
import SignalboxCore
import SignalboxHTTP

/// How the providers stand, and what a request would meet.
struct RoutingEndpoints: Sendable {
    let router: Router
    let checks: KeyChecks

    var endpoints: [AdminEndpoint] {
        [
            AdminEndpoint(.get, "/status", for: .administration) { exchange, id in
                exchange.respond(.json(200, router.status(checked: checks.states).json), id)
            },
            AdminEndpoint(.post, "/admin/explain", for: .administration) { exchange, id in
                exchange.respond(explain(exchange), id)
            },
        ]
    }

    /// Takes what `/v1/chat/completions` takes, headers included, and sends nothing.
    private func explain(_ exchange: Exchange) -> Reply {
        do throws(RequestError) {
            let asked = try ChatRequest.read(exchange, bytesMax: exchange.bodyBytesMax)
            let (wishes, call) = try WishesReading.read(exchange, asked)
            if let explanation = router.explain(call, wishes: wishes) { return .json(200, explanation.json) }
            return ErrorObject(
                status: 404, type: "invalid_request_error", code: "model_not_found",
                message: "No route has the model `\(call.model.prefix(200))`. GET /status lists the routes.",
                parameter: "model"
            ).reply
        } catch {
            return error.object.reply
        }
    }
}

extension Reply {
    static func json(_ status: Int, _ tree: JSONTree) -> Reply {
        Reply(status: status, headers: [("content-type", ErrorObject.contentType)], body: tree.json + [0x0A])
    }
}
