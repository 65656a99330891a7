import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry

/// The public listener: OpenAI's dialect in, or Anthropic's, and answers out.
struct PublicAPI: Sendable {
    let router: Router
    let events: ServerEvents
    let health: HealthReplies
    let desks: PublicDesks

    func handle(_ exchange: Exchange) async {
        let id = RequestID.of(exchange)
        switch Endpoint(path: exchange.path) {
        case .chatCompletions:
            guard exchange.method == "POST" else { return refuse(exchange, id, method: "POST") }
            await answer(AskedRequest(exchange, id: id, route: "/v1/chat/completions", router)) {
                exchange throws(RequestError) in
                try ChatRequest.read(exchange, bytesMax: exchange.bodyBytesMax)
            }
        case .generate:
            guard exchange.method == "POST" else { return refuse(exchange, id, method: "POST") }
            await answer(AskedRequest(exchange, id: id, route: "/generate", router), as: .generate) {
                exchange throws(RequestError) in
                try GenerateRequest.read(
                    exchange, bytesMax: exchange.bodyBytesMax,
                    defaultModel: desks[exchange.loop].defaultModel)
            }
        case .embeddings:
            guard exchange.method == "POST" else { return refuse(exchange, id, method: "POST") }
            await answer(AskedRequest(exchange, id: id, route: "/v1/embeddings", router)) {
                exchange throws(RequestError) in
                try ChatRequest.readEmbeddings(exchange, bytesMax: exchange.bodyBytesMax)
            }
        case .messages:
            guard exchange.method == "POST" else {
                return refuse(exchange, id, method: "POST", in: AnthropicDialect())
            }
            let asked = AskedRequest(
                exchange, id: id, route: "/v1/messages", router, dialect: AnthropicDialect())
            await answer(asked) { exchange throws(RequestError) in
                try MessagesRequest.read(exchange, bytesMax: exchange.bodyBytesMax)
            }
        case .messageTokens: refuseTokenCount(exchange, id)
        case .models:
            guard exchange.method == "GET" || exchange.method == "HEAD" else {
                return refuse(exchange, id, method: "GET, HEAD")
            }
            listModels(exchange, id)
        case .health: exchange.respond(health.reply(to: exchange), id)
        case nil:
            let error = ErrorObject(
                status: 404, type: "invalid_request_error", code: "unknown_url",
                message: "Unknown request URL: \(exchange.method) \(exchange.path.prefix(200)).")
            exchange.respond(error.reply, id)
        }
    }

    private func refuse(
        _ exchange: Exchange, _ id: String, method: String, in dialect: (any CallerDialect)? = nil
    ) {
        let error = ErrorObject(
            status: 405, type: "invalid_request_error", code: "method_not_allowed",
            message: "\(exchange.method.prefix(20)) is not supported here; use \(method).")
        var reply = error.reply(in: dialect, requestID: id)
        reply.headers.append(("allow", method))
        exchange.respond(reply, id)
    }

    private func listModels(_ exchange: Exchange, _ id: String) {
        let desk = desks[exchange.loop]
        guard desk.callers.caller(of: exchange) != nil else {
            return refuse(AskedRequest(exchange, id: id, route: "/v1/models", router))
        }
        exchange.respond(
            Reply(status: 200, headers: [("content-type", ErrorObject.contentType)], body: desk.models), id)
    }

    private func refuse(_ asked: AskedRequest) {
        events.rejected(.unauthorized)
        let error = ErrorObject(
            status: 401, type: "invalid_request_error", code: "invalid_api_key",
            message: "Incorrect API key provided. Send a tenant's key as `Authorization: Bearer …`.")
        events.turnedAway(asked, error, .rejected)
        asked.exchange.respond(error.reply(in: asked.dialect, requestID: asked.id), asked.id)
    }

    // MARK: Calls

    /// Routes what `read` makes of the exchange, and brings the answer.
    private func answer(
        _ asked: AskedRequest, as shape: AnswerShape = .chat,
        _ read: (Exchange) throws(RequestError) -> ChatCall
    ) async {
        let exchange = asked.exchange
        // From here to the call's beginning nothing is awaited: the tenant's number is of the configuration
        // that the router begins it with.
        guard let caller = desks[exchange.loop].callers.caller(of: exchange) else {
            count(asked, tenant: nil, .rejected, status: 401)
            return refuse(asked)
        }
        let (wishes, call): (RoutingWishes, ChatCall)
        do throws(RequestError) {
            (wishes, call) = try WishesReading.read(exchange, try read(exchange))
        } catch {
            if case .coding = error { events.rejected(.bodyCoding) }
            return turnAway(asked, caller.tenant, error.object)
        }
        let routed = router.begin(
            call, tenant: caller.tenant, tenantKey: caller.key, requestID: asked.id,
            receivedAt: exchange.receivedAt, trace: asked.trace, wishes: wishes, on: exchange.loop,
            cancelledBy: .owner)
        guard let routed else {
            let name = call.model.prefix(200)
            let error = ErrorObject(
                status: 404, type: "invalid_request_error", code: "model_not_found",
                message: "The model `\(name)` does not exist. GET /v1/models lists those that do.",
                parameter: "model")
            return turnAway(asked, caller.tenant, error)
        }
        await ChatReply(call: routed, exchange: exchange, shape: shape).deliver()
    }

    private func turnAway(_ asked: AskedRequest, _ tenant: Int, _ error: ErrorObject) {
        count(asked, tenant: tenant, .invalid, status: error.status)
        events.turnedAway(asked, error, .invalid)
        asked.exchange.respond(error.reply(in: asked.dialect, requestID: asked.id), asked.id)
    }

    /// Tokens are the provider's to count, and which provider it will be is not known before the request.
    private func refuseTokenCount(_ exchange: Exchange, _ id: String) {
        let error = ErrorObject(
            status: 404, type: "invalid_request_error", code: "unknown_url",
            message: "Tokens are not counted here: a route's providers each count in their own way.")
        exchange.respond(error.reply(in: AnthropicDialect(), requestID: id), id)
    }

    private func count(_ asked: AskedRequest, tenant: Int?, _ outcome: ClientOutcome, status: Int) {
        router.turnedAway(
            asked.trace, requestID: asked.id, tenant: tenant, outcome: outcome, status: status,
            receivedAt: asked.exchange.receivedAt, at: asked.exchange.loop.now(),
            on: asked.exchange.loop)
    }

    private enum Endpoint {
        case chatCompletions
        case messages
        case messageTokens
        case generate
        case embeddings
        case models
        case health

        init?(path: String) {
            switch path {
            case "/v1/chat/completions", "/chat/completions": self = .chatCompletions
            case "/v1/messages", "/messages": self = .messages
            case "/v1/messages/count_tokens", "/messages/count_tokens": self = .messageTokens
            case "/generate": self = .generate
            case "/v1/embeddings", "/embeddings": self = .embeddings
            case "/v1/models", "/models": self = .models
            case "/healthz", "/readyz": self = .health
            default: return nil
            }
        }
    }
}

extension Exchange {
    /// Answers with the request's id, which every reply carries.
    func respond(_ reply: Reply, _ id: String) {
        var reply = reply
        reply.headers.append(("x-request-id", id))
        respond(reply)
    }
}
