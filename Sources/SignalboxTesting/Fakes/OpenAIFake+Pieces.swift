import Foundation
public import SignalboxCore

// How OpenAI writes the parts of its answers: copyists' fakes start from these.
extension OpenAIFake {
    public static func error(_ message: String, type: String, code: String?) -> JSONTree {
        .object([
            "error": .object([
                "message": .string(message), "type": .string(type), "param": .null,
                "code": code.map(JSONTree.string) ?? .null,
            ])
        ])
    }

    /// OpenAI's own errors.
    @Sendable public static func refusal(_ failure: FakeFailure) -> ReplyScript {
        func reply(
            _ status: Int, _ code: String?, _ message: String, type: String = "invalid_request_error",
            headers: [String: String] = [:]
        ) -> ReplyScript {
            .json(status, error(message, type: type, code: code), headers: headers)
        }
        switch failure {
        case .keyMissing: return reply(401, nil, "You didn't provide an API key.")
        case .keyBad: return reply(401, "invalid_api_key", "Incorrect API key provided: bad-*ey.")
        case .keyExpired: return reply(401, "invalid_api_key", "The API key has expired.")
        case .noCredit:
            return reply(
                429, "insufficient_quota", "You exceeded your current quota.", type: "insufficient_quota")
        case .noScope:
            return reply(
                401, nil,
                "You have insufficient permissions for this operation. Missing scopes: model.request.")
        case .rateLimited:
            let seconds = String(FakeFailure.retryAfter.components.seconds)
            return reply(
                429, "rate_limit_exceeded", "Rate limit reached.", type: "requests",
                headers: ["retry-after": seconds])
        case .serverError: return reply(500, nil, "The server had an error.", type: "server_error")
        case .overloaded: return reply(503, "server_error", "The engine is overloaded.", type: "server_error")
        case .contextTooLong:
            return reply(
                400, "context_length_exceeded", "This model's maximum context length is 8192 tokens.")
        case .filtered:
            return reply(400, "content_filter", "The prompt was filtered by the content policy.")
        case .modelMissing: return reply(404, "model_not_found", "The model `fail-model` does not exist.")
        case .invalid: return reply(400, nil, "Invalid value for 'temperature'.")
        case .proxyPage: return .proxyPage
        }
    }

    /// Usage as OpenAI counts it: the details are parts of the sums.
    @Sendable public static func usage(_ usage: TokenUsage) -> JSONTree {
        .object([
            "prompt_tokens": .integer(usage.promptTokens),
            "completion_tokens": .integer(usage.completionTokens),
            "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
            "prompt_tokens_details": .object([
                "cached_tokens": .integer(usage.cachedTokens), "audio_tokens": 0,
                "cache_write_tokens": .integer(usage.cacheWriteTokens),
            ]),
            "completion_tokens_details": .object([
                "reasoning_tokens": .integer(usage.reasoningTokens), "audio_tokens": 0,
            ]),
        ])
    }

    static func call(_ call: FakeAnswer.ToolCall, arguments: String) -> JSONTree {
        .object([
            "id": .string(call.id), "type": "function",
            "function": .object(["name": .string(call.name), "arguments": .string(arguments)]),
        ])
    }

    /// A streamed tool call: its name with no arguments yet, then the arguments in pieces.
    static func pieces(of call: FakeAnswer.ToolCall, at index: Int) -> [JSONTree] {
        let head = self.call(call, arguments: "").members ?? []
        let rest = FakeAnswer.pieces(of: call.arguments.text).map { piece in
            JSONTree.object([
                "index": .integer(index), "type": "function",
                "function": .object(["arguments": .string(piece)]),
            ])
        }
        return [.object([JSONTree.Member("index", .integer(index))] + head)] + rest
    }

    /// Numbers, or their 32-bit floats in Base64, which OpenAI's own client asks for.
    static func embedding(_ vector: [Double], asBase64: Bool) -> JSONTree {
        guard asBase64 else { return .array(vector.map(JSONTree.double)) }
        var bytes: [UInt8] = []
        for number in vector {
            withUnsafeBytes(of: Float(number).bitPattern.littleEndian) { bytes += $0 }
        }
        return .string(Data(bytes).base64EncodedString())
    }
}
