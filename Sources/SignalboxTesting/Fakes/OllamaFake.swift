public import SignalboxCore

/// Ollama in its own dialect; with its cloud's keys where it is made so.
public struct OllamaFake: FakeVendor {
    /// The cloud wants a key; the server on one's own machine knows none.
    public var isCloud: Bool

    public init(isCloud: Bool = true) {
        self.isCloud = isCloud
    }

    public var basePath: String { "" }
    /// The cloud tells no expired key from a bad one, and sells no credit.
    public var keys: [FakeKey] { isCloud ? [.good, .bad, .noScope] : [] }

    /// It has no filter and no cache that it counts, and cuts what is too long without a word.
    public var models: [FakeModel] {
        FakeModel.allCases.filter { ![.filtered, .failFilter, .cached, .failContext].contains($0) }
    }

    /// It is told nothing of an image's type, and counts its thoughts with the rest.
    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var turn = turn
        turn.images = turn.images.map { image in
            switch image {
            case .inline(_, let count): .inline(mediaType: "", base64Count: count)
            case .url: image
            }
        }
        var answer = turn.answer(as: model)
        answer.usage.reasoningTokens = 0
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        let key = isCloud ? request.authorization("bearer") : FakeKey.good.rawValue
        switch (request.method, request.path) {
        case ("POST", "/api/chat"), ("POST", "/api/embed"):
            guard let body = request.json, let model = body["model"]?.string else {
                return OllamaFake.refusal(.invalid)
            }
            if let failure = FakeFailure(key: key, model: model) { return OllamaFake.refusal(failure) }
            return request.path == "/api/chat" ? chat(body, model: model) : embeddings(body, model: model)
        case ("GET", "/api/tags"):
            return FakeFailure(key: key, model: "").map(OllamaFake.refusal) ?? modelList
        default: return .text(404, "404 page not found", type: "text/plain")
        }
    }

    private var modelList: ReplyScript {
        let models = models.map { model in
            JSONTree.object(["name": .string(model.rawValue), "model": .string(model.rawValue), "size": 1])
        }
        return .json(200, .object(["models": .array(models)]))
    }

    // MARK: Chat

    private func chat(_ body: JSONTree, model name: String) -> ReplyScript {
        let model = FakeModel(named: name)
        let answer = OllamaFake.turn(body).answer(as: model)
        if body["stream"]?.bool != false { return stream(answer, as: model, name) }
        if model == .streamError { return OllamaFake.refusal(.serverError) }
        let message = OllamaFake.message(
            text: answer.text, thinking: answer.reasoning, calls: answer.toolCalls)
        return ReplyScript.json(200, line(name, message, ending: answer)).whole(as: model)
    }

    private func stream(_ answer: FakeAnswer, as model: FakeModel, _ name: String) -> ReplyScript {
        var messages = FakeAnswer.pieces(of: answer.reasoning).map { OllamaFake.message(thinking: $0) }
        messages += FakeAnswer.pieces(of: answer.text).map { OllamaFake.message(text: $0) }
        // Calls come whole, each in a line.
        messages += answer.toolCalls.map { OllamaFake.message(calls: [$0]) }
        let last = line(name, OllamaFake.message(), ending: answer)
        return FakeStream(
            events: messages.map { FakeStream.line(line(name, $0).json) },
            closing: [FakeStream.line(last.json)],
            failure: FakeStream.line(
                OllamaFake.error("an error was encountered while running the model").json),
            contentType: "application/x-ndjson"
        ).script(as: model)
    }

    /// Only the last line has the reason and the counts.
    private func line(_ model: String, _ message: JSONTree, ending answer: FakeAnswer? = nil) -> JSONTree {
        .object([
            "model": .string(model), "created_at": "2025-06-15T15:06:40.000000Z", "message": message,
            "done": .bool(answer != nil),
            "done_reason": answer.map { $0.finish == .length ? "length" : "stop" },
            "total_duration": answer.map { _ in 5_000_000 }, "load_duration": answer.map { _ in 1_000_000 },
            "prompt_eval_count": answer.map { .integer($0.usage.promptTokens) },
            "prompt_eval_duration": answer.map { _ in 1_000_000 },
            "eval_count": answer.map { .integer($0.usage.completionTokens) },
            "eval_duration": answer.map { _ in 3_000_000 },
        ])
    }

    // MARK: Embeddings

    private func embeddings(_ body: JSONTree, model: String) -> ReplyScript {
        let input = body["input"] ?? .null
        let texts = (input.elements ?? [input]).compactMap(\.string)
        let vectors = texts.map { text in
            let vector = FakeTurn.vector(of: text, dimensions: body["dimensions"]?.integer ?? 8)
            return JSONTree.array(vector.map(JSONTree.double))
        }
        let count = texts.reduce(0) { $0 + FakeTurn.tokens(in: $1) }
        return .json(
            200,
            .object([
                "model": .string(model), "embeddings": .array(vectors), "total_duration": 1_000_000,
                "prompt_eval_count": .integer(count),
            ]))
    }
}

// How Ollama writes the parts of its answers, and how it reads a request.
extension OllamaFake {
    static func message(
        text: String = "", thinking: String = "", calls: [FakeAnswer.ToolCall] = []
    ) -> JSONTree {
        let calls = calls.map { call in
            JSONTree.object([
                "function": .object(["name": .string(call.name), "arguments": call.arguments])
            ])
        }
        return .object([
            "role": "assistant", "content": .string(text),
            "thinking": thinking.isEmpty ? nil : .string(thinking),
            "tool_calls": calls.isEmpty ? nil : .array(calls),
        ])
    }

    static func turn(_ body: JSONTree) -> FakeTurn {
        var turn = FakeTurn()
        for message in body["messages"]?.elements ?? [] {
            let text = message["content"]?.string ?? ""
            if !text.isEmpty { turn.texts.append(text) }
            switch message["role"]?.string {
            case "user":
                turn.lastUserText = text
                turn.toolResults = []
                // It is told nothing of an image's type.
                turn.images += (message["images"]?.elements ?? []).compactMap(\.string).map {
                    .inline(mediaType: "", base64Count: $0.utf8.count)
                }
            case "tool": turn.toolResults.append(text)
            default: turn.toolResults = []
            }
        }
        turn.tools = (body["tools"]?.elements ?? []).compactMap { tool in
            tool["function"].map {
                FakeTurn.Tool(name: $0["name"]?.string ?? "", parameters: $0["parameters"])
            }
        }
        turn.wantsJSON = body["format"] != nil
        return turn
    }

    static func error(_ message: String) -> JSONTree { .object(["error": .string(message)]) }

    static func refusal(_ failure: FakeFailure) -> ReplyScript {
        func reply(
            _ status: Int, _ message: String, headers: [String: String] = [:]
        ) -> ReplyScript {
            .json(status, error(message), headers: headers)
        }
        switch failure {
        case .keyMissing, .keyBad, .keyExpired: return reply(401, "unauthorized")
        case .noCredit: return reply(402, "payment required")
        case .noScope:
            return reply(403, "this model requires a subscription, upgrade for access")
        case .rateLimited:
            return reply(
                429, "you've reached your hourly usage limit",
                headers: ["retry-after": String(FakeFailure.retryAfter.components.seconds)])
        case .serverError: return reply(500, "llama runner process has terminated: exit status 2")
        case .overloaded:
            return reply(503, "server busy, please try again. maximum pending requests exceeded")
        case .contextTooLong: return reply(400, "the input exceeds the context length")
        case .filtered: return reply(400, "the prompt was filtered")
        case .modelMissing: return reply(404, "model 'fail-model' not found")
        case .invalid: return reply(400, "option \"temperature\" must be of type float32")
        case .proxyPage: return .proxyPage
        }
    }
}
