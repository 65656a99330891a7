public import SignalboxCore

/// Gemini in its own dialect: `generateContent`, streamed or not, embeddings, and the counting of tokens.
public struct GeminiFake: FakeVendor {
    public init() {}

    public var basePath: String { "/v1beta" }

    /// What is written to the cache is counted nowhere.
    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var answer = turn.answer(as: model)
        answer.usage.cacheWriteTokens = 0
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        let key = request.headers["x-goog-api-key"]
        if request.method == "GET", request.path == basePath + "/models" {
            return FakeFailure(key: key, model: "").map { GeminiFake.refusal($0) } ?? modelList
        }
        guard request.method == "POST", let (model, method) = operation(request.path) else {
            return .text(404, "", type: "text/html")
        }
        let isStreaming = method == "streamGenerateContent"
        if let failure = FakeFailure(key: key, model: model) {
            return GeminiFake.refusal(failure, isStreaming: isStreaming)
        }
        guard let body = request.json else { return GeminiFake.refusal(.invalid) }
        switch method {
        case "generateContent", "streamGenerateContent":
            return chat(body, model: model, isStreaming: isStreaming, isEvents: request.query["alt"] == "sse")
        case "countTokens":
            let turn = GeminiFake.turn(body["generateContentRequest"] ?? body)
            return .json(200, .object(["totalTokens": .integer(turn.answer(as: .ok).usage.promptTokens)]))
        case "batchEmbedContents":
            return .json(200, GeminiFake.embeddings(body["requests"]?.elements ?? []))
        case "embedContent": return .json(200, .object(["embedding": GeminiFake.embedding(body)]))
        default: return .text(404, "", type: "text/html")
        }
    }

    /// `/v1beta/models/ok:generateContent`: the model `ok` and the method.
    private func operation(_ path: String) -> (model: String, method: String)? {
        guard path.hasPrefix(basePath + "/"), let colon = path.lastIndex(of: ":") else { return nil }
        let model = path[..<colon].dropFirst(basePath.count + 1)
        guard model.hasPrefix("models/") || model.hasPrefix("tunedModels/") else { return nil }
        return (String(model), String(path[colon...].dropFirst()))
    }

    private var modelList: ReplyScript {
        let models = models.map { model in
            JSONTree.object([
                "name": .string("models/\(model.rawValue)"), "displayName": .string(model.rawValue),
                "inputTokenLimit": 1_048_576, "outputTokenLimit": 8_192,
                "supportedGenerationMethods": .strings(["generateContent", "countTokens"]),
            ])
        }
        return .json(200, .object(["models": .array(models)]))
    }

    // MARK: Chat

    private func chat(
        _ body: JSONTree, model name: String, isStreaming: Bool, isEvents: Bool
    ) -> ReplyScript {
        guard body["contents"]?.elements?.isEmpty == false else { return GeminiFake.refusal(.invalid) }
        let model = FakeModel(named: name)
        let answer = GeminiFake.turn(body).answer(as: model)
        let count = max(1, body["generationConfig"]?["candidateCount"]?.integer ?? 1)
        if isStreaming { return stream(answer, as: model, count: count, isEvents: isEvents) }
        if model == .streamError { return GeminiFake.refusal(.serverError) }
        let parts = GeminiFake.parts(answer)
        let reply = response(model, parts: parts, finish: answer.finish, count: count, usage: answer.usage)
        return ReplyScript.json(200, reply).whole(as: model)
    }

    private func stream(
        _ answer: FakeAnswer, as model: FakeModel, count: Int, isEvents: Bool
    ) -> ReplyScript {
        // Without `alt=sse` the same chunks come as one array, which is no stream for anybody.
        guard isEvents else { return .json(200, .array([])) }
        var pieces = FakeAnswer.pieces(of: answer.reasoning).map { GeminiFake.text($0, isThought: true) }
        pieces += FakeAnswer.pieces(of: answer.text).map { GeminiFake.text($0) }
        pieces += answer.toolCalls.map(GeminiFake.call)
        // The counts of a chunk are those up to it: here the prompt's alone until the last one.
        var prompt = answer.usage
        (prompt.completionTokens, prompt.reasoningTokens) = (0, 0)
        let events = pieces.map { piece in
            FakeStream.event(
                response(model, parts: [piece], finish: nil, count: count, usage: prompt).json)
        }
        let last = response(
            model, parts: [GeminiFake.text("")], finish: answer.finish, count: count, usage: answer.usage)
        let failure = GeminiFake.error(500, "INTERNAL", "An internal error has occurred.")
        return FakeStream(
            events: events, closing: [FakeStream.event(last.json)], failure: FakeStream.event(failure.json)
        ).script(as: model)
    }

    private func response(
        _ model: FakeModel, parts: [JSONTree], finish: FinishReason?, count: Int, usage: TokenUsage
    ) -> JSONTree {
        let candidates = (0..<count).map { index in
            JSONTree.object([
                "content": .object(["parts": .array(parts), "role": "model"]),
                "finishReason": finish.map(GeminiFake.name), "index": .integer(index),
            ])
        }
        return .object([
            "candidates": .array(candidates), "usageMetadata": GeminiFake.usage(usage),
            "modelVersion": .string(model.rawValue), "responseId": "fake-response",
        ])
    }
}
