/// A whole answer in no vendor's dialect, which writes itself as OpenAI's `chat.completion`.
public struct ChatAnswer: Sendable, Hashable {
    public struct Choice: Sendable, Hashable {
        public var text: String?
        public var reasoning: String?
        public var refusal: String?
        public var toolCalls: [Conversation.ToolCall]
        public var finish: FinishReason
        /// In OpenAI's form: an object whose `content` lists the tokens of the text.
        public var logProbabilities: JSONTree?

        public init(
            text: String?, finish: FinishReason, reasoning: String? = nil, refusal: String? = nil,
            toolCalls: [Conversation.ToolCall] = []
        ) {
            self.text = text
            self.finish = finish
            self.reasoning = reasoning
            self.refusal = refusal
            self.toolCalls = toolCalls
        }
    }

    public var id: String
    public var model: String
    /// Seconds since 1970.
    public var created: Int
    public var choices: [Choice]
    public var usage: TokenUsage?

    public init(id: String, model: String, created: Int, choices: [Choice], usage: TokenUsage? = nil) {
        self.id = id
        self.model = model
        self.created = created
        self.choices = choices
        self.usage = usage
    }

    /// As OpenAI's chat completions answer (`reasoning_content` as the vendors that have it spell it).
    public var json: [UInt8] {
        let choices = choices.enumerated().map { index, choice in
            JSONTree.object([
                "index": .integer(index), "message": choice.message,
                "logprobs": choice.logProbabilities ?? .null,
                "finish_reason": .string(choice.finish.rawValue),
            ])
        }
        return JSONTree.object([
            "id": .string(id), "object": "chat.completion", "created": .integer(created),
            "model": .string(model), "choices": .array(choices), "usage": usage?.tree,
        ]).json
    }
}

extension ChatAnswer.Choice {
    fileprivate var message: JSONTree {
        .object([
            "role": "assistant", "content": text.map(JSONTree.string) ?? .null,
            "reasoning_content": reasoning.map(JSONTree.string),
            "refusal": refusal.map(JSONTree.string) ?? .null,
            "tool_calls": toolCalls.isEmpty ? nil : .array(toolCalls.map(\.tree)),
        ])
    }
}

extension Conversation.ToolCall {
    var tree: JSONTree {
        .object([
            "id": .string(id), "type": "function",
            "function": .object(["name": .string(name), "arguments": .string(arguments)]),
        ])
    }
}

/// Why an answer ended, as OpenAI names it.
public enum FinishReason: String, Sendable, Hashable, CaseIterable {
    case stop
    case length
    case toolCalls = "tool_calls"
    case contentFilter = "content_filter"
}

extension TokenUsage {
    /// OpenAI's `usage` object; details only where there are any.
    public var tree: JSONTree {
        // A vendor's counts are not to be trusted: their sum may not fit.
        let (sum, isTooLarge) = promptTokens.addingReportingOverflow(completionTokens)
        let total = isTooLarge ? Int.max : sum
        let hasPromptDetails = cachedTokens > 0 || cacheWriteTokens > 0
        return .object([
            "prompt_tokens": .integer(promptTokens), "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(total),
            "prompt_tokens_details": hasPromptDetails
                ? .object([
                    "cached_tokens": .integer(cachedTokens),
                    "cache_write_tokens": cacheWriteTokens > 0 ? .integer(cacheWriteTokens) : nil,
                ]) : nil,
            "completion_tokens_details": reasoningTokens > 0
                ? .object(["reasoning_tokens": .integer(reasoningTokens)]) : nil,
        ])
    }
}
