public import SignalboxCore

/// Anthropic's Messages API.
///
/// Source: the types of Anthropic's Python client.
public struct AnthropicAdapter: ProviderAdapter {
    private let baseURL: String
    private let url: String
    private let unsupported: Unsupported

    /// The version of the API that is spoken.
    static let version = "2023-06-01"

    /// - Parameters:
    ///   - baseURL: what stands before `/messages`.
    ///   - dropsUnsupported: leave out what Anthropic cannot express, instead of refusing the request.
    public init(baseURL: String, dropsUnsupported: Bool = false) {
        var base = Substring(baseURL)
        while base.hasSuffix("/") { base = base.dropLast() }
        self.baseURL = String(base)
        url = base + "/messages"
        unsupported = Unsupported(vendor: "Anthropic", isDropped: dropsUnsupported)
    }

    public func prefill(model: String) -> Prefill {
        AnthropicAdapter.prefilled.contains { model.hasPrefix($0) } ? .continued : .refused
    }

    /// From Claude 4.6 on a last message of the assistant's is a 400 ("does not support assistant message
    /// prefill"); so these are all that will ever take one.
    private static let prefilled = [
        "claude-2", "claude-3", "claude-instant", "claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-2025",
        "claude-opus-4-5", "claude-sonnet-4-0", "claude-sonnet-4-2025", "claude-sonnet-4-5",
        "claude-haiku-4-5",
    ]

    public func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget? {
        switch operation {
        case .embeddings: return nil
        case .chat, .chatStream: break
        }
        var headers = [
            (name: "content-type", value: Secret("application/json")),
            (name: "anthropic-version", value: Secret(AnthropicAdapter.version)),
        ]
        if let key, !key.isEmpty { headers.append((name: "x-api-key", value: key)) }
        return .http(url: url, headers: headers)
    }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? {
        AnthropicProbe.make(baseURL: baseURL, key: key)
    }

    public func modelProbe(_ key: Secret?, model: String) -> (any KeyProbe)? {
        AnthropicProbe.make(baseURL: baseURL, key: key, model: model)
    }

    public func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8] {
        if let native = native(call) {
            var splice = JSONSplice(native.fields)
            splice.set("model", to: .string(model))
            return splice.build()
        }
        return try AnthropicRequest(unsupported: unsupported).encode(
            try Conversation(reading: call), model: model, isStreaming: call.isStreaming)
    }

    public func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        guard 200...299 ~= reply.status else { return .failure(AnthropicFailure.judge(reply)) }
        return AnthropicReply.judge(reply, isNative: native(call) != nil)
    }

    public func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder {
        if native(call) != nil { return AnthropicNativeStream() }
        return AnthropicStream(opening, model: call.model, wantsUsage: call.wantsStreamUsage)
    }

    public func speaks(_ dialect: any CallerDialect) -> Bool { dialect is AnthropicDialect }

    public func limits(in headers: HeaderBlock, at now: WallTime) -> RateLimits {
        AnthropicLimits.read(headers)
    }

    /// The caller's own request, where it is in Anthropic's dialect.
    private func native(_ call: ChatCall) -> NativeRequest? {
        call.native.flatMap { speaks($0.dialect) ? $0 : nil }
    }
}

/// Writes a conversation as the body of a request.
struct AnthropicRequest {
    let unsupported: Unsupported

    /// `max_tokens` where the caller named none, as Anthropic demands one: no model allows fewer.
    static let answerTokensDefault = 4_096
    /// The smallest `budget_tokens` of thinking.
    static let thinkingTokensMin = 1_024

    func encode(
        _ conversation: Conversation, model: String, isStreaming: Bool
    ) throws(UpstreamFailure) -> [UInt8] {
        try refuse(conversation)
        var body = Members()
        body.set("model", .string(model))
        let thinking = try thinking(of: conversation)
        body.set("max_tokens", .integer(answerTokens(conversation, thinking)))
        let system = conversation.messages.filter { $0.role == .system }.map(\.text)
        if !system.isEmpty { body.set("system", .string(system.joined(separator: "\n\n"))) }
        body.set("messages", .array(try AnthropicMessages(unsupported).write(conversation.messages)))
        if !conversation.tools.isEmpty { body.set("tools", .array(conversation.tools.map(tool))) }
        body.set("tool_choice", toolChoice(of: conversation))
        let sampling = conversation.sampling
        if !sampling.stop.isEmpty { body.set("stop_sequences", .strings(sampling.stop)) }
        body.set("temperature", sampling.temperature)
        body.set("top_p", sampling.topP)
        body.set("top_k", sampling.topK)
        body.set("thinking", thinking.map(thinkingField))
        body.set("output_config", try outputConfig(of: conversation.responseFormat))
        body.set("metadata", conversation.user.map { .object(["user_id": .string($0)]) })
        if isStreaming { body.set("stream", true) }
        for extra in conversation.extras { try add(extra, to: &body) }
        return JSONTree.object(body.all).json
    }

    /// What there is no field for.
    private func refuse(_ conversation: Conversation) throws(UpstreamFailure) {
        let sampling = conversation.sampling
        if let count = sampling.count, count != 1 { try unsupported.field("n") }
        if sampling.wantsLogProbabilities == true { try unsupported.field("logprobs") }
        try unsupported.field("top_logprobs", ifPresent: sampling.topLogProbabilities)
        try unsupported.field("logit_bias", ifPresent: sampling.logitBias)
        try unsupported.field("seed", ifPresent: sampling.seed)
        // A penalty of nothing is none.
        if sampling.presencePenalty?.double ?? 0 != 0 { try unsupported.field("presence_penalty") }
        if sampling.frequencyPenalty?.double ?? 0 != 0 { try unsupported.field("frequency_penalty") }
    }

    // MARK: Tools

    private func tool(_ tool: Conversation.Tool) -> JSONTree {
        .object([
            "name": .string(tool.name), "description": tool.description.map(JSONTree.string),
            "input_schema": tool.parameters ?? .object(["type": "object", "properties": .object([:])]),
            "strict": tool.isStrict.map(JSONTree.bool),
        ])
    }

    /// Whether calls may be parallel is a part of it, so that one may be needed for that alone.
    private func toolChoice(of conversation: Conversation) -> JSONTree? {
        let isSerial = conversation.allowsParallelToolCalls == false && !conversation.tools.isEmpty
        let serial: JSONTree? = isSerial ? true : nil
        switch conversation.toolChoice {
        case nil: return isSerial ? .object(["type": "auto", "disable_parallel_tool_use": serial]) : nil
        case .auto: return .object(["type": "auto", "disable_parallel_tool_use": serial])
        case .none?: return .object(["type": "none"])
        case .required: return .object(["type": "any", "disable_parallel_tool_use": serial])
        case .function(let name):
            return .object(["type": "tool", "name": .string(name), "disable_parallel_tool_use": serial])
        }
    }

    // MARK: Thinking

    /// Tokens to think with; nil where none are asked for, or where the caller says it in Anthropic's words.
    private func thinking(of conversation: Conversation) throws(UpstreamFailure) -> Int? {
        guard let effort = conversation.reasoningEffort,
            !conversation.extras.contains(where: { $0.name == "thinking" })
        else { return nil }
        let wanted: Int
        switch effort {
        case "none", "minimal": return nil
        case "low": wanted = 1_024
        case "medium": wanted = 4_096
        case "high": wanted = 16_384
        case "xhigh", "max": wanted = 32_768
        default:
            try unsupported.field("reasoning_effort", because: "the effort \(effort.prefix(20)) is unknown")
            return nil
        }
        guard let limit = conversation.answerTokensMax else { return wanted }
        // It is a part of what the answer may have, and must leave something to say.
        guard limit > AnthropicRequest.thinkingTokensMin else {
            try unsupported.field(
                "reasoning_effort", because: "thinking takes more tokens than the answer may have")
            return nil
        }
        return max(AnthropicRequest.thinkingTokensMin, min(wanted, limit / 2))
    }

    private func thinkingField(_ tokens: Int) -> JSONTree {
        .object(["type": "enabled", "budget_tokens": .integer(tokens)])
    }

    private func answerTokens(_ conversation: Conversation, _ thinking: Int?) -> Int {
        conversation.answerTokensMax ?? AnthropicRequest.answerTokensDefault + (thinking ?? 0)
    }

    // MARK: The rest

    private func outputConfig(
        of format: Conversation.ResponseFormat
    ) throws(UpstreamFailure) -> JSONTree? {
        switch format {
        case .text: return nil
        case .jsonObject:
            try unsupported.field("response_format", because: "it has json_schema, but no json_object")
            return nil
        case .jsonSchema(_, let schema, _):
            return .object(["format": .object(["type": "json_schema", "schema": schema])])
        }
    }

    /// OpenAI's own options that Anthropic would not know.
    private static let openAIOnly: Set<String> = [
        "audio", "functions", "function_call", "modalities", "prediction", "prompt_cache_key",
        "prompt_cache_retention", "safety_identifier", "store", "verbosity", "web_search_options",
    ]

    /// An option in Anthropic's words wins over what was made of OpenAI's.
    private func add(_ extra: JSONTree.Member, to body: inout Members) throws(UpstreamFailure) {
        let isMetadata = extra.name == "metadata" && extra.value["user_id"] == nil
        if isMetadata || AnthropicRequest.openAIOnly.contains(extra.name) {
            try unsupported.field(extra.name)
        } else {
            body.set(extra.name, extra.value)
        }
    }

    /// The members of an object that is being made: a name set twice keeps its place.
    private struct Members {
        private(set) var all: [JSONTree.Member] = []

        mutating func set(_ name: String, _ value: JSONTree?) {
            guard let value else { return }
            if let index = all.firstIndex(where: { $0.name == name }) {
                all[index].value = value
            } else {
                all.append(JSONTree.Member(name, value))
            }
        }
    }
}
