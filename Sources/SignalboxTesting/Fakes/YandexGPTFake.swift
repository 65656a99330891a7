public import SignalboxCore

/// YandexGPT in its native dialect: lines that repeat all the text so far, and counts that are strings.
public struct YandexGPTFake: FakeVendor {
    /// The only folder that the keys belong to.
    public static let folder = "b1gfakefolder0000000"

    public init() {}

    public var basePath: String { "/foundationModels/v1" }

    /// It sells on account: a quota that is used up is told like a rate limit.
    public var keys: [FakeKey] { FakeKey.allCases.filter { $0 != .noCredit } }

    /// No prompt is refused by the filter, which ends answers; no cache is counted.
    public var models: [FakeModel] {
        FakeModel.allCases.filter { ![.failFilter, .cached].contains($0) }
    }

    /// It keeps its reasoning to itself, and counts it.
    public func answer(to turn: FakeTurn, as model: FakeModel) -> FakeAnswer {
        var answer = turn.answer(as: model)
        answer.reasoning = ""
        return answer
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        if request.method == "GET", request.path == "/v1/models" { return models(for: request) }
        let isEmbedding = request.path == basePath + "/textEmbedding"
        guard request.method == "POST", isEmbedding || request.path == basePath + "/completion" else {
            return .text(404, "404 page not found", type: "text/plain")
        }
        guard let body = request.json, let uri = body["modelUri"]?.string else {
            return YandexGPTFake.refusal(.invalid)
        }
        let prefix = "\(isEmbedding ? "emb" : "gpt")://"
        let parts = uri.dropFirst(prefix.count).split(separator: "/", maxSplits: 1).map(String.init)
        guard uri.hasPrefix(prefix), parts.count == 2 else { return YandexGPTFake.refusal(.modelMissing) }
        let key = request.authorization("api-key") ?? request.authorization("bearer")
        if let failure = FakeFailure(key: key, model: parts[1]) {
            return YandexGPTFake.refusal(failure, key: key)
        }
        guard parts[0] == YandexGPTFake.folder, request.headers["x-folder-id"] == parts[0] else {
            return wrongFolder
        }
        return isEmbedding ? embedding(body) : chat(body, model: FakeModel(named: parts[1]))
    }

    /// The compatible API beside the native one.
    private func models(for request: FakeRequest) -> ReplyScript {
        let key = request.authorization("api-key") ?? request.authorization("bearer")
        if let failure = FakeFailure(key: key, model: "") { return YandexGPTFake.refusal(failure, key: key) }
        guard request.headers["openai-project"] == YandexGPTFake.folder else { return wrongFolder }
        let models = self.models.map { model in
            JSONTree.object(["id": .string("gpt://\(YandexGPTFake.folder)/\(model.rawValue)")])
        }
        return .json(200, .object(["object": "list", "data": .array(models)]))
    }

    private var wrongFolder: ReplyScript {
        YandexGPTFake.error(
            400, grpc: 3, "Specified folder ID does not match with service account folder ID")
    }

    private func chat(_ body: JSONTree, model: FakeModel) -> ReplyScript {
        let answer = self.answer(to: YandexGPTFake.turn(body), as: model)
        if body["completionOptions"]?["stream"]?.bool == true { return stream(answer, as: model) }
        if model == .streamError { return YandexGPTFake.refusal(.serverError) }
        return ReplyScript.json(200, line(answer.text, ending: answer)).whole(as: model)
    }

    private func stream(_ answer: FakeAnswer, as model: FakeModel) -> ReplyScript {
        var told = ""
        var lines: [[UInt8]] = []
        for piece in FakeAnswer.pieces(of: answer.text) {
            told += piece
            lines.append(FakeStream.line(line(told).json))
        }
        return FakeStream(
            events: lines, closing: [FakeStream.line(line(answer.text, ending: answer).json)],
            failure: FakeStream.line(YandexGPTFake.errorBody(500, grpc: 13, "Internal error").json),
            contentType: "application/json"
        ).script(as: model)
    }

    private func line(_ text: String, ending answer: FakeAnswer? = nil) -> JSONTree {
        let calls = (answer?.toolCalls ?? []).map { call in
            JSONTree.object([
                "functionCall": .object(["name": .string(call.name), "arguments": call.arguments])
            ])
        }
        let message = JSONTree.object([
            "role": "assistant", "text": calls.isEmpty ? .string(text) : nil,
            "toolCallList": calls.isEmpty ? nil : .object(["toolCalls": .array(calls)]),
        ])
        let alternative = JSONTree.object([
            "message": message, "status": .string(YandexGPTFake.status(answer)),
        ])
        let usage = answer?.usage ?? TokenUsage(promptTokens: 1, completionTokens: 1)
        return .object([
            "result": .object([
                "alternatives": .array([alternative]), "usage": YandexGPTFake.usage(usage),
                "modelVersion": "09.02.2025",
            ])
        ])
    }

    private func embedding(_ body: JSONTree) -> ReplyScript {
        let text = body["text"]?.string ?? ""
        let count = body["dim"]?.string.flatMap { Int($0) } ?? 8
        return .json(
            200,
            .object([
                "embedding": .array(FakeTurn.vector(of: text, dimensions: count).map(JSONTree.double)),
                "numTokens": .string(String(FakeTurn.tokens(in: text))), "modelVersion": "06.12.2023",
            ]))
    }
}

// How YandexGPT writes the parts of its answers, and how it reads a request.
extension YandexGPTFake {
    static func status(_ answer: FakeAnswer?) -> String {
        switch answer?.finish {
        case nil: "ALTERNATIVE_STATUS_PARTIAL"
        case .stop: "ALTERNATIVE_STATUS_FINAL"
        case .length: "ALTERNATIVE_STATUS_TRUNCATED_FINAL"
        case .toolCalls: "ALTERNATIVE_STATUS_TOOL_CALLS"
        case .contentFilter: "ALTERNATIVE_STATUS_CONTENT_FILTER"
        }
    }

    static func usage(_ usage: TokenUsage) -> JSONTree {
        func text(_ count: Int) -> JSONTree { .string(String(count)) }
        return .object([
            "inputTextTokens": text(usage.promptTokens), "completionTokens": text(usage.completionTokens),
            "totalTokens": text(usage.promptTokens + usage.completionTokens),
            "completionTokensDetails": .object(["reasoningTokens": text(usage.reasoningTokens)]),
        ])
    }

    static func turn(_ body: JSONTree) -> FakeTurn {
        var turn = FakeTurn()
        for message in body["messages"]?.elements ?? [] {
            if let results = message["toolResultList"]?["toolResults"]?.elements {
                turn.toolResults = results.compactMap { $0["functionResult"]?["content"]?.string }
                turn.texts += turn.toolResults
                continue
            }
            turn.toolResults = []
            let text = message["text"]?.string ?? ""
            if !text.isEmpty { turn.texts.append(text) }
            if message["role"] == "user" { turn.lastUserText = text }
        }
        turn.tools = (body["tools"]?.elements ?? []).compactMap { tool in
            tool["function"].map {
                FakeTurn.Tool(name: $0["name"]?.string ?? "", parameters: $0["parameters"])
            }
        }
        turn.wantsJSON = body["jsonObject"]?.bool == true || body["jsonSchema"] != nil
        return turn
    }

    static func errorBody(_ status: Int, grpc: Int, _ message: String) -> JSONTree {
        .object([
            "error": .object([
                "grpcCode": .integer(grpc), "httpCode": .integer(status), "message": .string(message),
                "httpStatus": "", "details": .array([]),
            ])
        ])
    }

    static func error(
        _ status: Int, grpc: Int, _ message: String, headers: [String: String] = [:]
    ) -> ReplyScript {
        .json(status, errorBody(status, grpc: grpc, message), headers: headers)
    }

    static func refusal(_ failure: FakeFailure, key: String? = nil) -> ReplyScript {
        switch failure {
        case .keyMissing:
            return error(401, grpc: 16, "The token is invalid: no authorization was given")
        // It repeats what it was sent.
        case .keyBad: return error(401, grpc: 16, "Unknown api key '\(key ?? "")'")
        case .keyExpired: return error(401, grpc: 16, "Api key '\(key ?? "")' has expired")
        case .noScope: return error(403, grpc: 7, "Permission denied")
        case .noCredit, .rateLimited:
            return error(
                429, grpc: 8, "ai.textGenerationCompletionSessionsCount.count gauge quota limit exceed",
                headers: ["retry-after": String(FakeFailure.retryAfter.components.seconds)])
        case .serverError: return error(500, grpc: 13, "Internal error")
        case .overloaded: return error(503, grpc: 14, "Service is unavailable")
        case .contextTooLong:
            return error(
                400, grpc: 3, "Error in session: number of input tokens must be no more than 8192, got 9000")
        case .modelMissing: return error(404, grpc: 5, "Model gpt://folder/fail-model is not found")
        case .filtered, .invalid:
            return error(400, grpc: 3, "Invalid temperature: must be between 0 and 1")
        case .proxyPage: return .proxyPage
        }
    }
}
