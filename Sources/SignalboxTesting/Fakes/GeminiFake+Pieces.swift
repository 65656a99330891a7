import SignalboxCore

// How Gemini writes the parts of its answers, and how it reads a request.
extension GeminiFake {
    static func text(_ text: String, isThought: Bool = false) -> JSONTree {
        .object(["text": .string(text), "thought": isThought ? true : nil])
    }

    /// Without an id, as the models before the third generation call.
    static func call(_ call: FakeAnswer.ToolCall) -> JSONTree {
        .object(["functionCall": .object(["name": .string(call.name), "args": call.arguments])])
    }

    static func parts(_ answer: FakeAnswer) -> [JSONTree] {
        let thoughts = answer.reasoning.isEmpty ? [] : [text(answer.reasoning, isThought: true)]
        let words = answer.text.isEmpty ? [] : [text(answer.text)]
        return thoughts + words + answer.toolCalls.map(call)
    }

    static func name(of finish: FinishReason) -> JSONTree {
        switch finish {
        case .stop, .toolCalls: "STOP"
        case .length: "MAX_TOKENS"
        case .contentFilter: "SAFETY"
        }
    }

    /// The prompt includes what was cached; the candidates exclude the thoughts.
    static func usage(_ usage: TokenUsage) -> JSONTree {
        let answer = usage.completionTokens - usage.reasoningTokens
        return .object([
            "promptTokenCount": .integer(usage.promptTokens),
            "candidatesTokenCount": answer > 0 ? .integer(answer) : nil,
            "totalTokenCount": .integer(usage.promptTokens + usage.completionTokens),
            "cachedContentTokenCount": usage.cachedTokens > 0 ? .integer(usage.cachedTokens) : nil,
            "thoughtsTokenCount": usage.reasoningTokens > 0 ? .integer(usage.reasoningTokens) : nil,
        ])
    }

    static func embeddings(_ requests: [JSONTree]) -> JSONTree {
        let tokens = requests.flatMap { texts($0["content"]) }.reduce(0) { $0 + FakeTurn.tokens(in: $1) }
        return .object([
            "embeddings": .array(requests.map(embedding)),
            "usageMetadata": .object(["promptTokenCount": .integer(tokens)]),
        ])
    }

    static func embedding(_ request: JSONTree) -> JSONTree {
        let text = texts(request["content"]).joined()
        let vector = FakeTurn.vector(of: text, dimensions: request["outputDimensionality"]?.integer ?? 8)
        return .object(["values": .array(vector.map(JSONTree.double))])
    }

    // MARK: Requests

    static func turn(_ body: JSONTree) -> FakeTurn {
        var turn = FakeTurn()
        turn.texts = texts(body["systemInstruction"])
        for content in body["contents"]?.elements ?? [] {
            let parts = content["parts"]?.elements ?? []
            let results = parts.compactMap { $0["functionResponse"]?["response"] }.map(result)
            turn.texts += (texts(content).isEmpty ? [] : [texts(content).joined()]) + results
            turn.toolResults = results
            guard content["role"] != "model", results.isEmpty else { continue }
            turn.lastUserText = texts(content).joined()
            turn.images += parts.compactMap(image)
        }
        for tool in body["tools"]?.elements ?? [] {
            for function in tool["functionDeclarations"]?.elements ?? [] {
                turn.tools.append(
                    FakeTurn.Tool(
                        name: function["name"]?.string ?? "",
                        // Google's own client spells the last of these as its protocol buffers do.
                        parameters: function["parameters"] ?? function["parametersJsonSchema"]
                            ?? function["parameters_json_schema"]))
            }
        }
        turn.wantsJSON = body["generationConfig"]?["responseMimeType"] == "application/json"
        return turn
    }

    private static func texts(_ content: JSONTree?) -> [String] {
        (content?["parts"]?.elements ?? []).compactMap { $0["text"]?.string }
    }

    private static func result(_ response: JSONTree) -> String {
        response["output"]?.string ?? response.text
    }

    private static func image(_ part: JSONTree) -> FakeTurn.Image? {
        if let data = part["inlineData"] {
            return .inline(
                mediaType: data["mimeType"]?.string ?? "", base64Count: data["data"]?.string?.utf8.count ?? 0)
        }
        return part["fileData"]?["fileUri"]?.string.map { .url($0) }
    }

    // MARK: Errors

    static func error(
        _ code: Int, _ status: String, _ message: String, details: [JSONTree] = []
    ) -> JSONTree {
        .object([
            "error": .object([
                "code": .integer(code), "message": .string(message), "status": .string(status),
                "details": details.isEmpty ? nil : .array(details),
            ])
        ])
    }

    private static func detail(_ type: String, _ members: KeyValuePairs<String, JSONTree?>) -> JSONTree {
        let name = JSONTree.Member("@type", .string("type.googleapis.com/google.rpc.\(type)"))
        return .object([name] + (JSONTree.object(members).members ?? []))
    }

    private static func reason(_ reason: String) -> JSONTree {
        detail("ErrorInfo", ["reason": .string(reason), "domain": "googleapis.com"])
    }

    static func refusal(_ failure: FakeFailure, isStreaming: Bool = false) -> ReplyScript {
        func reply(
            _ code: Int, _ status: String, _ message: String, _ details: [JSONTree] = []
        ) -> ReplyScript {
            .json(code, error(code, status, message, details: details))
        }
        switch failure {
        case .keyMissing:
            return reply(
                403, "PERMISSION_DENIED",
                "Method doesn't allow unregistered callers (callers without established identity).")
        case .keyBad:
            return reply(
                400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
                [reason("API_KEY_INVALID")])
        case .keyExpired:
            return reply(
                400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.",
                [reason("API_KEY_INVALID")])
        case .noCredit: return reply(402, "FAILED_PRECONDITION", "Your prepayment credits are depleted.")
        case .noScope:
            return reply(
                403, "PERMISSION_DENIED", "Requests to this API are blocked.",
                [reason("API_KEY_SERVICE_BLOCKED")])
        case .rateLimited: return rateLimited
        case .serverError: return reply(500, "INTERNAL", "An internal error has occurred.")
        case .overloaded: return reply(503, "UNAVAILABLE", "The model is overloaded.")
        case .contextTooLong:
            return reply(
                400, "INVALID_ARGUMENT",
                "The input token count (9000) exceeds the maximum number of tokens allowed (8192).")
        case .filtered: return blocked(isStreaming: isStreaming)
        case .modelMissing:
            return reply(
                404, "NOT_FOUND",
                "models/fail-model is not found for API version v1beta, or is not supported.")
        case .invalid:
            let violation = JSONTree.object([
                "field": "generation_config.temperature", "description": "out of range",
            ])
            return reply(
                400, "INVALID_ARGUMENT", "Invalid value at 'generation_config.temperature'.",
                [detail("BadRequest", ["fieldViolations": .array([violation])])])
        case .proxyPage: return .proxyPage
        }
    }

    private static var rateLimited: ReplyScript {
        let violation = JSONTree.object([
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests",
            "quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "15",
        ])
        let delay = "\(FakeFailure.retryAfter.components.seconds)s"
        return .json(
            429,
            error(
                429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.",
                details: [
                    detail("QuotaFailure", ["violations": .array([violation])]),
                    detail("RetryInfo", ["retryDelay": .string(delay)]),
                ]))
    }

    /// A blocked prompt is no error of HTTP's: the answer has no candidates and says why.
    private static func blocked(isStreaming: Bool) -> ReplyScript {
        let answer = JSONTree.object([
            "promptFeedback": .object(["blockReason": "PROHIBITED_CONTENT"]),
            "usageMetadata": .object(["promptTokenCount": 4, "totalTokenCount": 4]),
        ])
        guard isStreaming else { return .json(200, answer) }
        return .text(
            200, String(decoding: FakeStream.event(answer.json), as: UTF8.self), type: "text/event-stream")
    }
}
