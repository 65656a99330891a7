public import SignalboxCore

/// A vendor that speaks OpenAI's chat completions. What the copyists do otherwise is its ``Dialect``.
public struct OpenAIFake: FakeVendor {
    /// Where a vendor of the family differs from OpenAI.
    public struct Dialect: Sendable {
        public var basePath = "/v1"
        /// The models of misbehaviour that the vendor knows.
        public var models = FakeModel.allCases
        public var keys = FakeKey.allCases
        public var hasEmbeddings = true
        /// Which member of a message or delta carries reasoning.
        public var reasoningField = "reasoning_content"
        /// How tokens are counted and named.
        public var usage: @Sendable (TokenUsage) -> JSONTree = OpenAIFake.usage
        /// Usage on a last chunk without choices, for who asks with `stream_options.include_usage`; otherwise
        /// on every chunk, asked or not.
        public var hasUsageOnLastChunkOnly = true
        /// Instead: on the chunk that tells why the answer ended, asked or not.
        public var hasUsageOnFinish = false
        public var countsCacheWrites = true
        /// Fields that are refused as an invalid request.
        public var unknownFields: Set<String> = []
        /// A whole reply that refuses.
        public var refusal: @Sendable (FakeFailure) -> ReplyScript = OpenAIFake.refusal
        /// The payload of the event that reports an error in the middle of a stream.
        public var streamFailure = OpenAIFake.error(
            "The server had an error", type: "server_error", code: nil)
        /// Lines between the events, such as `: keep-alive`.
        public var comment: String?
        /// Sent with every good reply.
        public var headers = ["x-request-id": "req_fake"]
        /// What those headers say.
        public var limits: @Sendable (WallTime) -> RateLimits = { _ in RateLimits() }
        /// Whether models are listed without looking at the key.
        public var listsModelsToAll = false
        /// What the vendor tells of a good key, by the path below the base.
        public var keyInfo: [String: JSONTree] = [:]
        /// Members that the vendor adds to every answer and chunk.
        public var extras: [JSONTree.Member] = []

        public init() {}
    }

    public var dialect: Dialect

    public init(_ dialect: Dialect = Dialect()) {
        self.dialect = dialect
    }

    /// Seconds since 1970 at which every answer was made.
    public static let created = 1_750_000_000

    public var basePath: String { dialect.basePath }
    public var keys: [FakeKey] { dialect.keys }
    public var models: [FakeModel] { dialect.models }
    public func limits(at now: WallTime) -> RateLimits { dialect.limits(now) }

    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var answer = turn.answer(as: model)
        if !dialect.countsCacheWrites { answer.usage.cacheWriteTokens = 0 }
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        let key = request.authorization("bearer")
        switch (request.method, request.path) {
        case ("POST", basePath + "/chat/completions"): return chat(request, key: key)
        case ("POST", basePath + "/embeddings") where dialect.hasEmbeddings:
            return embeddings(request, key: key)
        case ("GET", basePath + "/models"):
            if dialect.listsModelsToAll { return modelList }
            return FakeFailure(key: key, model: "").map(dialect.refusal) ?? modelList
        case ("GET", let path) where path.hasPrefix(basePath + "/models/"):
            let name = path.dropFirst(basePath.count + "/models/".count)
            return FakeFailure(key: key, model: "").map(dialect.refusal) ?? model(named: String(name))
        case ("GET", _) where keyInfo(at: request.path) != nil:
            if let failure = FakeFailure(key: key, model: "") { return dialect.refusal(failure) }
            return .json(200, keyInfo(at: request.path) ?? .null, headers: dialect.headers)
        default:
            let message = "Unknown request URL: \(request.method) \(request.path)"
            return .json(404, OpenAIFake.error(message, type: "invalid_request_error", code: "unknown_url"))
        }
    }

    private func keyInfo(at path: String) -> JSONTree? {
        path.hasPrefix(basePath) ? dialect.keyInfo[String(path.dropFirst(basePath.count))] : nil
    }

    private var modelList: ReplyScript {
        let models = JSONTree.array(models.map { Self.model($0) })
        return .json(200, .object(["object": "list", "data": models]), headers: dialect.headers)
    }

    /// Only what is listed, and can be called, is there by its name.
    private func model(named name: String) -> ReplyScript {
        guard let model = FakeModel(rawValue: name), models.contains(model), model != .failModel else {
            return dialect.refusal(.modelMissing)
        }
        return .json(200, Self.model(model), headers: dialect.headers)
    }

    private static func model(_ model: FakeModel) -> JSONTree {
        .object([
            "id": .string(model.rawValue), "object": "model", "created": .integer(created),
            "owned_by": "fake",
        ])
    }

    // MARK: Chat

    private func chat(_ request: FakeRequest, key: String?) -> ReplyScript {
        guard let body = request.json, let asked = Asked(request, body),
            !(body.members ?? []).contains(where: { dialect.unknownFields.contains($0.name) })
        else {
            return dialect.refusal(.invalid)
        }
        if let failure = FakeFailure(key: key, model: asked.model) { return dialect.refusal(failure) }
        let model = FakeModel(named: asked.model)
        let answer = answer(to: asked.turn, as: model)
        if asked.isStreaming { return stream(answer, to: asked).script(as: model) }
        if model == .streamError { return dialect.refusal(.serverError) }
        let reply = whole(answer, to: asked)
        switch model {
        case .streamCut: return ReplyScript(steps: [reply.steps[0], .cut])
        case .streamStall: return ReplyScript(steps: [reply.steps[0], .stall])
        case .slow: return ReplyScript(steps: [.wait(FakeStream.slowPause)] + reply.steps)
        case .ok, .tools, .reasoning, .cached, .length, .filtered, .fail429, .fail500, .failOverloaded,
            .failContext, .failFilter, .failModel, .failInvalid, .htmlError, .streamError,
            .streamNoTerminator, .streamShort:
            return reply
        }
    }

    private struct Asked {
        let model: String
        let turn: FakeTurn
        let isStreaming: Bool
        let wantsUsage: Bool
        let choices: Int

        /// Nil where it is no request for a chat.
        init?(_ request: FakeRequest, _ body: JSONTree) {
            guard let model = body["model"]?.string else { return nil }
            self.model = model
            isStreaming = body["stream"]?.bool == true
            wantsUsage = body["stream_options"]?["include_usage"]?.bool == true
            choices = max(1, body["n"]?.integer ?? 1)
            do {
                let call = try ChatCall(text: String(decoding: request.body, as: UTF8.self))
                turn = FakeTurn(try Conversation(reading: call))
            } catch {
                return nil
            }
        }
    }

    private func whole(_ answer: FakeAnswer, to asked: Asked) -> ReplyScript {
        let calls = answer.toolCalls.map { OpenAIFake.call($0, arguments: $0.arguments.text) }
        let message = JSONTree.object([
            "role": "assistant", "content": calls.isEmpty ? .string(answer.text) : .null,
            "refusal": .null, "tool_calls": calls.isEmpty ? nil : .array(calls),
        ])
        let reasoning = JSONTree.Member(dialect.reasoningField, .string(answer.reasoning))
        let members = (message.members ?? []) + (answer.reasoning.isEmpty ? [] : [reasoning])
        let choices = (0..<asked.choices).map { index in
            JSONTree.object([
                "index": .integer(index), "message": .object(members), "logprobs": .null,
                "finish_reason": .string(answer.finish.rawValue),
            ])
        }
        return .json(
            200, envelope("chat.completion", asked, choices, usage: dialect.usage(answer.usage)),
            headers: dialect.headers)
    }

    private func stream(_ answer: FakeAnswer, to asked: Asked) -> FakeStream {
        func chunk(_ delta: JSONTree, finish: FinishReason? = nil) -> [UInt8] {
            let choices = (0..<asked.choices).map { index in
                JSONTree.object([
                    "index": .integer(index), "delta": delta, "logprobs": .null,
                    "finish_reason": finish.map { .string($0.rawValue) } ?? .null,
                ])
            }
            let isTold =
                dialect.hasUsageOnFinish ? finish != nil : !dialect.hasUsageOnLastChunkOnly
            return event(chunk: choices, asked, usage: isTold ? answer.usage : nil)
        }
        var events = [chunk(.object(["role": "assistant", "content": ""]))]
        for piece in FakeAnswer.pieces(of: answer.reasoning) {
            events.append(chunk(.object([JSONTree.Member(dialect.reasoningField, .string(piece))])))
        }
        for piece in FakeAnswer.pieces(of: answer.text) {
            events.append(chunk(.object(["content": .string(piece)])))
        }
        for (index, call) in answer.toolCalls.enumerated() {
            for delta in OpenAIFake.pieces(of: call, at: index) {
                events.append(chunk(.object(["tool_calls": .array([delta])])))
            }
        }
        var closing = [chunk(.object([:]), finish: answer.finish)]
        if dialect.hasUsageOnLastChunkOnly, !dialect.hasUsageOnFinish, asked.wantsUsage {
            closing.append(event(chunk: [], asked, usage: answer.usage))
        }
        return FakeStream(
            events: events, closing: closing, terminator: FakeStream.event(Array("[DONE]".utf8)),
            failure: FakeStream.event(dialect.streamFailure.json), headers: dialect.headers)
    }

    private func event(chunk choices: [JSONTree], _ asked: Asked, usage: TokenUsage?) -> [UInt8] {
        let comment = dialect.comment.map { Array("\($0)\n\n".utf8) } ?? []
        let tree = envelope("chat.completion.chunk", asked, choices, usage: usage.map(dialect.usage))
        return comment + FakeStream.event(tree.json)
    }

    private func envelope(
        _ object: String, _ asked: Asked, _ choices: [JSONTree], usage: JSONTree?
    ) -> JSONTree {
        let members: [JSONTree.Member] = [
            .init("id", "chatcmpl-fake"), .init("object", .string(object)),
            .init("created", .integer(Self.created)), .init("model", .string(asked.model)),
            .init("choices", .array(choices)),
        ]
        return .object(members + (usage.map { [.init("usage", $0)] } ?? []) + dialect.extras)
    }

    // MARK: Embeddings

    private func embeddings(_ request: FakeRequest, key: String?) -> ReplyScript {
        guard let body = request.json, let model = body["model"]?.string, let input = body["input"] else {
            return dialect.refusal(.invalid)
        }
        if let failure = FakeFailure(key: key, model: model) { return dialect.refusal(failure) }
        let texts = (input.elements ?? [input]).compactMap(\.string)
        let data = texts.enumerated().map { index, text in
            JSONTree.object([
                "object": "embedding", "index": .integer(index),
                "embedding": OpenAIFake.embedding(
                    FakeTurn.vector(of: text, dimensions: body["dimensions"]?.integer ?? 8),
                    asBase64: body["encoding_format"] == "base64"),
            ])
        }
        let count = JSONTree.integer(texts.reduce(0) { $0 + FakeTurn.tokens(in: $1) })
        return .json(
            200,
            .object([
                "object": "list", "data": .array(data), "model": .string(model),
                "usage": .object(["prompt_tokens": count, "total_tokens": count]),
            ]), headers: dialect.headers)
    }
}
