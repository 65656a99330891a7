public import SignalboxCore

/// GigaChat: a token endpoint, and an API that takes nothing but its tokens.
///
/// A token says what it is: `fake.<end>.<key>`, the end in milliseconds since 1970. So the fake keeps no
/// books, and a test can make a token of its own.
public struct GigaChatFake: FakeVendor {
    /// How long a token lasts.
    public var lifetime: Duration
    /// The scope that every key was sold for, but ``FakeKey/noScope``, which has none.
    public var scope: String
    private let now: @Sendable () -> WallTime

    public init(
        lifetime: Duration = .seconds(1_800), scope: String = "GIGACHAT_API_PERS",
        now: @escaping @Sendable () -> WallTime = { SystemTime().wallTime() }
    ) {
        self.lifetime = lifetime
        self.scope = scope
        self.now = now
    }

    public static let tokenPath = "/api/v2/oauth"

    public var basePath: String { "/api/v1" }

    /// A filter never refuses here: it ends the answer.
    public var models: [FakeModel] { FakeModel.allCases.filter { $0 != .failFilter } }

    /// A turn calls one function.
    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var answer = turn.answer(as: model)
        answer.toolCalls = Array(answer.toolCalls.prefix(1))
        // It counts what it has read from its cache, and nothing that it wrote there.
        answer.usage.cacheWriteTokens = 0
        // What it thought is among the completion's tokens, and not told apart.
        answer.usage.reasoningTokens = 0
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        switch (request.method, request.path) {
        case ("POST", GigaChatFake.tokenPath): return token(for: request)
        case ("POST", basePath + "/chat/completions"), ("POST", basePath + "/embeddings"):
            guard let body = request.json, let model = body["model"]?.string else {
                return GigaChatFake.refusal(.invalid)
            }
            if let failure = failure(of: request, model: model) { return GigaChatFake.refusal(failure) }
            return request.path.hasSuffix("embeddings")
                ? embeddings(body, model: model) : chat(body, model: model)
        case ("GET", basePath + "/models"):
            return failure(of: request, model: "").map(GigaChatFake.refusal) ?? modelList
        case ("GET", basePath + "/balance"):
            return failure(of: request, model: "").map(GigaChatFake.refusal) ?? balance
        default: return GigaChatFake.error(404, "Not found")
        }
    }

    private var balance: ReplyScript {
        .json(
            200, .object(["balance": .array([.object(["usage": "GigaChat", "value": 50_000])])]))
    }

    // MARK: Tokens

    private func token(for request: FakeRequest) -> ReplyScript {
        guard let key = request.authorization("basic") else {
            return GigaChatFake.refusal(code: 4, "Can't decode 'Authorization' header", status: 401)
        }
        guard let id = request.headers["rquid"], id.count == 36 else {
            return GigaChatFake.refusal(code: 2, "RqUID header is missing", status: 400)
        }
        let field = String(decoding: request.body, as: UTF8.self)
        guard field.hasPrefix("scope=GIGACHAT_API_") else {
            return GigaChatFake.refusal(code: field == "scope=" ? 5 : 1, "scope data format", status: 400)
        }
        switch FakeKey(rawValue: key) {
        case .bad, .expired:
            return GigaChatFake.refusal(code: 6, "credentials doesn't match db data", status: 401)
        case .noScope: return mismatch
        case .good, .noCredit, nil:
            guard field.dropFirst("scope=".count) == scope else { return mismatch }
            let end = now().nanosecondsSince1970 + lifetime.nanoseconds
            return .json(
                200,
                .object([
                    "access_token": .string("fake.\(end / 1_000_000).\(key)"),
                    "expires_at": .integer(Int(end / 1_000_000)),
                ]))
        }
    }

    private var mismatch: ReplyScript {
        GigaChatFake.refusal(code: 7, "scope from db not fully includes consumed scope", status: 400)
    }

    private func failure(of request: FakeRequest, model: String) -> FakeFailure? {
        let token = request.authorization("bearer") ?? ""
        let parts = token.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == "fake", let end = Int64(parts[1]) else { return .keyMissing }
        if end <= now().nanosecondsSince1970 / 1_000_000 { return .keyExpired }
        return FakeFailure(key: String(parts[2]), model: model)
    }

    // MARK: Answers

    private var modelList: ReplyScript {
        let models = models.map { model in
            JSONTree.object(["id": .string(model.rawValue), "object": "model", "owned_by": "salutedevices"])
        }
        return .json(200, .object(["object": "list", "data": .array(models)]))
    }

    private func chat(_ body: JSONTree, model name: String) -> ReplyScript {
        let model = FakeModel(named: name)
        let answer = self.answer(to: GigaChatFake.turn(body), as: model)
        if body["stream"]?.bool == true { return stream(answer, as: model, name) }
        if model == .streamError { return GigaChatFake.refusal(.serverError) }
        var members = [JSONTree.Member("role", "assistant"), .init("content", .string(answer.text))]
        members += GigaChatFake.reasoning(answer.reasoning) + GigaChatFake.call(answer)
        let choice = JSONTree.object([
            "index": 0, "message": .object(members), "finish_reason": GigaChatFake.reason(answer),
        ])
        let reply = JSONTree.object([
            "choices": .array([choice]), "created": .integer(OpenAIFake.created), "model": .string(name),
            "usage": GigaChatFake.usage(answer.usage), "object": "chat.completion",
        ])
        return ReplyScript.json(200, reply).whole(as: model)
    }

    private func stream(_ answer: FakeAnswer, as model: FakeModel, _ name: String) -> ReplyScript {
        func chunk(_ delta: [JSONTree.Member], ending: FakeAnswer? = nil) -> [UInt8] {
            let choice = JSONTree.object([
                "delta": .object(delta), "index": 0, "finish_reason": ending.map(GigaChatFake.reason),
            ])
            return FakeStream.event(
                JSONTree.object([
                    "choices": .array([choice]), "created": .integer(OpenAIFake.created),
                    "model": .string(name), "usage": ending.map { GigaChatFake.usage($0.usage) },
                    "object": "chat.completion",
                ]).json)
        }
        let role = JSONTree.Member("role", "assistant")
        var events = FakeAnswer.pieces(of: answer.reasoning).map {
            chunk([role] + GigaChatFake.reasoning($0))
        }
        events += FakeAnswer.pieces(of: answer.text).map { chunk([role, .init("content", .string($0))]) }
        if !answer.toolCalls.isEmpty {
            events.append(chunk([role, .init("content", "")] + GigaChatFake.call(answer)))
        }
        return FakeStream(
            events: events, closing: [chunk([.init("content", "")], ending: answer)],
            terminator: FakeStream.event(Array("[DONE]".utf8)),
            failure: FakeStream.event(Array(#"{"status":500,"message":"Internal Server Error"}"#.utf8))
        ).script(as: model)
    }

    private func embeddings(_ body: JSONTree, model: String) -> ReplyScript {
        let input = body["input"] ?? .null
        let texts = (input.elements ?? [input]).compactMap(\.string)
        let data = texts.enumerated().map { index, text in
            JSONTree.object([
                "object": "embedding", "index": .integer(index),
                "embedding": .array(FakeTurn.vector(of: text).map(JSONTree.double)),
                "usage": .object(["prompt_tokens": .integer(FakeTurn.tokens(in: text))]),
            ])
        }
        return .json(
            200, .object(["object": "list", "data": .array(data), "model": .string(model)]))
    }
}
