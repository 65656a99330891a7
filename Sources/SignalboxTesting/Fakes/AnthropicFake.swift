public import SignalboxCore

/// Anthropic's Messages API.
public struct AnthropicFake: FakeVendor {
    public init() {}

    /// Sent with every good reply.
    static let headers = [
        "request-id": "req_fake", "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:02Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "39000",
        "anthropic-ratelimit-input-tokens-reset": "2026-01-01T00:00:03Z",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "2000",
        "anthropic-ratelimit-output-tokens-reset": "2026-01-01T00:00:30Z",
    ]

    /// Of input and output tokens the tighter.
    public func limits(at now: WallTime) -> RateLimits {
        let newYear: Int64 = 1_767_225_600
        func time(_ seconds: Int64) -> WallTime {
            WallTime(nanosecondsSince1970: (newYear + seconds) * 1_000_000_000)
        }
        return RateLimits(
            requests: .init(limit: 50, remaining: 49, resetsAt: time(2)),
            tokens: .init(limit: 8_000, remaining: 2_000, resetsAt: time(30)))
    }

    public func reply(to request: FakeRequest) -> ReplyScript {
        let key = request.headers["x-api-key"] ?? request.authorization("bearer")
        switch (request.method, request.path) {
        case ("POST", "/v1/messages"): return messages(request, key: key)
        case ("POST", "/v1/messages/count_tokens"): return count(request, key: key)
        case ("GET", "/v1/models"):
            return FakeFailure(key: key, model: "").map(AnthropicFake.refusal) ?? modelList
        case ("GET", let path) where path.hasPrefix("/v1/models/"):
            let name = String(path.dropFirst("/v1/models/".count))
            return FakeFailure(key: key, model: "").map(AnthropicFake.refusal) ?? model(named: name)
        default: return AnthropicFake.error(404, "not_found_error", "Not Found")
        }
    }

    private var modelList: ReplyScript {
        let models = JSONTree.array(self.models.map { Self.model($0) })
        return .json(
            200, .object(["data": models, "has_more": false, "first_id": .null, "last_id": .null]),
            headers: AnthropicFake.headers)
    }

    /// A short name is known, and not on the list.
    private func model(named name: String) -> ReplyScript {
        let full = name == AnthropicFake.shortName ? FakeModel.ok.rawValue : name
        guard let model = FakeModel(rawValue: full), models.contains(model), model != .failModel else {
            return AnthropicFake.refusal(.modelMissing)
        }
        return .json(200, AnthropicFake.model(model), headers: AnthropicFake.headers)
    }

    /// Another name of ``FakeModel/ok``, as the vendor has names without dates.
    public static let shortName = "ok-latest"

    private static func model(_ model: FakeModel) -> JSONTree {
        .object([
            "type": "model", "id": .string(model.rawValue), "display_name": .string(model.rawValue),
            "created_at": "2026-01-01T00:00:00Z",
        ])
    }

    private func count(_ request: FakeRequest, key: String?) -> ReplyScript {
        guard let body = request.json, let model = body["model"]?.string, let turn = FakeTurn(anthropic: body)
        else { return AnthropicFake.refusal(.invalid) }
        if let failure = FakeFailure(key: key, model: model) { return AnthropicFake.refusal(failure) }
        let count = turn.answer(as: .ok).usage.promptTokens
        return .json(200, .object(["input_tokens": .integer(count)]), headers: AnthropicFake.headers)
    }

    // MARK: Messages

    private func messages(_ request: FakeRequest, key: String?) -> ReplyScript {
        guard request.headers["anthropic-version"] != nil else {
            return AnthropicFake.error(
                400, "invalid_request_error", "anthropic-version: header is required")
        }
        guard let body = request.json, let name = body["model"]?.string, let turn = FakeTurn(anthropic: body)
        else { return AnthropicFake.refusal(.invalid) }
        if let failure = FakeFailure(key: key, model: name) { return AnthropicFake.refusal(failure) }
        guard body["max_tokens"]?.integer ?? 0 > 0 else {
            return AnthropicFake.error(400, "invalid_request_error", "max_tokens: Field required")
        }
        let model = FakeModel(named: name)
        let answer = turn.answer(as: model)
        if body["stream"]?.bool == true { return stream(answer, model: name).script(as: model) }
        if model == .streamError { return AnthropicFake.refusal(.serverError) }
        let reply = ReplyScript.json(
            200, AnthropicFake.message(answer, model: name), headers: AnthropicFake.headers)
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

    private static func message(_ answer: FakeAnswer, model: String) -> JSONTree {
        .object([
            "id": "msg_fake", "type": "message", "role": "assistant", "model": .string(model),
            "content": .array(blocks(of: answer).map(\.whole)), "stop_reason": .string(stopReason(answer)),
            "stop_sequence": .null, "usage": usage(answer.usage),
        ])
    }

    private func stream(_ answer: FakeAnswer, model: String) -> FakeStream {
        func event(_ type: String, _ members: KeyValuePairs<String, JSONTree?>) -> [UInt8] {
            let tree = [JSONTree.Member("type", .string(type))] + (JSONTree.object(members).members ?? [])
            return FakeStream.event(JSONTree.object(tree).json, named: type)
        }
        var start = answer.usage
        start.completionTokens = 1
        start.reasoningTokens = 0
        let message = JSONTree.object([
            "id": "msg_fake", "type": "message", "role": "assistant", "model": .string(model),
            "content": .array([]), "stop_reason": .null, "stop_sequence": .null,
            "usage": AnthropicFake.usage(start),
        ])
        var events = [event("message_start", ["message": message]), event("ping", [:])]
        for (index, block) in AnthropicFake.blocks(of: answer).enumerated() {
            let index = JSONTree.integer(index)
            events.append(event("content_block_start", ["index": index, "content_block": block.start]))
            for delta in block.deltas {
                events.append(event("content_block_delta", ["index": index, "delta": delta]))
            }
            events.append(event("content_block_stop", ["index": index]))
        }
        let delta = JSONTree.object([
            "stop_reason": .string(AnthropicFake.stopReason(answer)), "stop_sequence": .null,
        ])
        let ending = event("message_delta", ["delta": delta, "usage": AnthropicFake.usage(answer.usage)])
        let failure = JSONTree.object(["type": "overloaded_error", "message": "Overloaded"])
        return FakeStream(
            events: events, closing: [ending], terminator: event("message_stop", [:]),
            failure: event("error", ["error": failure]), headers: AnthropicFake.headers)
    }

    // MARK: Parts

    private struct Block {
        let whole: JSONTree
        let start: JSONTree
        let deltas: [JSONTree]
    }

    private static func blocks(of answer: FakeAnswer) -> [Block] {
        var blocks: [Block] = []
        if !answer.reasoning.isEmpty {
            let pieces = FakeAnswer.pieces(of: answer.reasoning).map {
                JSONTree.object(["type": "thinking_delta", "thinking": .string($0)])
            }
            let signature = JSONTree.object(["type": "signature_delta", "signature": "c2lnbmVk"])
            blocks.append(
                Block(
                    whole: .object([
                        "type": "thinking", "thinking": .string(answer.reasoning), "signature": "c2lnbmVk",
                    ]),
                    start: .object(["type": "thinking", "thinking": "", "signature": ""]),
                    deltas: pieces + [signature]))
        }
        if !answer.text.isEmpty {
            blocks.append(
                Block(
                    whole: .object(["type": "text", "text": .string(answer.text)]),
                    start: .object(["type": "text", "text": ""]),
                    deltas: FakeAnswer.pieces(of: answer.text).map {
                        .object(["type": "text_delta", "text": .string($0)])
                    }))
        }
        return blocks + answer.toolCalls.map(block)
    }

    private static func block(of call: FakeAnswer.ToolCall) -> Block {
        func block(_ input: JSONTree) -> JSONTree {
            .object(["type": "tool_use", "id": .string(call.id), "name": .string(call.name), "input": input])
        }
        let pieces = [""] + FakeAnswer.pieces(of: call.arguments.text)
        return Block(
            whole: block(call.arguments), start: block(.object([:])),
            deltas: pieces.map { .object(["type": "input_json_delta", "partial_json": .string($0)]) })
    }

    private static func stopReason(_ answer: FakeAnswer) -> String {
        switch answer.finish {
        case .stop: "end_turn"
        case .length: "max_tokens"
        case .toolCalls: "tool_use"
        case .contentFilter: "refusal"
        }
    }

    /// The input leaves out what came from the cache and what went into it.
    private static func usage(_ usage: TokenUsage) -> JSONTree {
        .object([
            "input_tokens": .integer(usage.promptTokens - usage.cachedTokens - usage.cacheWriteTokens),
            "cache_creation_input_tokens": .integer(usage.cacheWriteTokens),
            "cache_read_input_tokens": .integer(usage.cachedTokens),
            "output_tokens": .integer(usage.completionTokens),
            "output_tokens_details": .object(["thinking_tokens": .integer(usage.reasoningTokens)]),
        ])
    }

    // MARK: Errors

    private static func error(
        _ status: Int, _ type: String, _ message: String, headers: [String: String] = [:]
    ) -> ReplyScript {
        let error = JSONTree.object(["type": .string(type), "message": .string(message)])
        return .json(
            status, .object(["type": "error", "error": error, "request_id": "req_fake"]), headers: headers)
    }

    private static func refusal(_ failure: FakeFailure) -> ReplyScript {
        switch failure {
        case .keyMissing: return error(401, "authentication_error", "x-api-key header is required")
        case .keyBad: return error(401, "authentication_error", "invalid x-api-key")
        case .keyExpired: return error(401, "authentication_error", "API key has expired")
        case .noCredit:
            return error(
                400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.")
        case .noScope:
            return error(
                403, "permission_error", "Your API key does not have permission to use this resource.")
        case .rateLimited:
            let seconds = String(FakeFailure.retryAfter.components.seconds)
            return error(
                429, "rate_limit_error", "Number of requests has exceeded your rate limit.",
                headers: ["retry-after": seconds])
        case .serverError: return error(500, "api_error", "Internal server error")
        case .overloaded: return error(529, "overloaded_error", "Overloaded")
        case .contextTooLong:
            return error(
                400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum")
        case .filtered:
            return error(400, "invalid_request_error", "Output blocked by content filtering policy")
        case .modelMissing: return error(404, "not_found_error", "model: fail-model")
        case .invalid: return error(400, "invalid_request_error", "messages: Field required")
        case .proxyPage: return .proxyPage
        }
    }
}

extension FakeTurn {
    /// Nil where it is no request for a message.
    fileprivate init?(anthropic body: JSONTree) {
        self.init()
        guard let messages = body["messages"]?.elements, !messages.isEmpty else { return nil }
        let system = FakeTurn.text(body["system"])
        if !system.isEmpty { texts.append(system) }
        for message in messages {
            let blocks = message["content"]?.elements ?? []
            let said = FakeTurn.text(message["content"])
            toolResults = []
            for block in blocks where block["type"] == "tool_result" {
                let result = FakeTurn.text(block["content"])
                texts.append(result)
                toolResults.append(result)
            }
            if !said.isEmpty { texts.append(said) }
            guard message["role"] == "user" else { continue }
            images += blocks.compactMap(FakeTurn.image)
            if !said.isEmpty || toolResults.isEmpty {
                lastUserText = said
                toolResults = []
            }
        }
        tools = (body["tools"]?.elements ?? []).compactMap { tool in
            (tool["name"]?.string).map { Tool(name: $0, parameters: tool["input_schema"]) }
        }
        wantsJSON = body["output_config"]?["format"]?["type"] == "json_schema"
    }

    private static func text(_ content: JSONTree?) -> String {
        content?.string ?? (content?.elements ?? []).compactMap { $0["text"]?.string }.joined()
    }

    private static func image(_ block: JSONTree) -> Image? {
        guard block["type"] == "image", let source = block["source"] else { return nil }
        if let url = source["url"]?.string { return .url(url) }
        guard let type = source["media_type"]?.string, let data = source["data"]?.string else { return nil }
        return .inline(mediaType: type, base64Count: data.utf8.count)
    }
}
