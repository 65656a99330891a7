import SignalboxCore

/// Reads a whole reply, and writes it as OpenAI's.
enum AnthropicReply {
    static func judge(_ reply: WholeReply, isNative: Bool) -> Result<JudgedReply, UpstreamFailure> {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: reply.body)
        } catch {
            let what = reply.body.isEmpty ? "an empty body" : "no JSON object (\(error))"
            return malformed(reply, "the provider answered \(reply.status) with \(what)")
        }
        if tree["type"] == "error" { return .failure(AnthropicFailure.judge(event: tree)) }
        guard tree["type"] == "message", let blocks = tree["content"]?.elements else {
            return malformed(reply, "the provider's answer is no message")
        }
        let finish = AnthropicReply.finish(tree["stop_reason"]?.string ?? "")
        let usage = AnthropicUsage(tree["usage"]).total
        let summary = ReplySummary(
            usage: usage, finishReason: finish.rawValue, model: tree["model"]?.string)
        if isNative { return .success(JudgedReply(summary, isNative: true)) }
        let answer = ChatAnswer(
            id: tree["id"]?.string ?? reply.requestID, model: summary.model ?? "",
            created: Int(reply.receivedAt.nanosecondsSince1970 / 1_000_000_000),
            choices: [choice(of: blocks, finish)], usage: usage)
        return .success(JudgedReply(summary, body: answer.json))
    }

    /// Why an answer ended, in OpenAI's words.
    static func finish(_ stopReason: String) -> FinishReason {
        switch stopReason {
        case "max_tokens", "model_context_window_exceeded": .length
        case "tool_use": .toolCalls
        case "refusal": .contentFilter
        // `end_turn`, `stop_sequence`, `pause_turn`, and what may come to be.
        default: .stop
        }
    }

    private static func choice(of blocks: [JSONTree], _ finish: FinishReason) -> ChatAnswer.Choice {
        var (text, reasoning) = ("", "")
        var hasText = false
        var calls: [Conversation.ToolCall] = []
        for block in blocks {
            switch block["type"]?.string {
            case "text":
                hasText = true
                text += block["text"]?.string ?? ""
            case "thinking": reasoning += block["thinking"]?.string ?? ""
            case "tool_use":
                calls.append(
                    Conversation.ToolCall(
                        id: block["id"]?.string ?? "", name: block["name"]?.string ?? "",
                        arguments: (block["input"] ?? .object([:])).text))
            // Blocks that OpenAI has nothing for, such as thinking that is encrypted.
            default: break
            }
        }
        return ChatAnswer.Choice(
            text: hasText || calls.isEmpty ? text : nil, finish: finish,
            reasoning: reasoning.isEmpty ? nil : reasoning, toolCalls: calls)
    }

    private static func malformed(
        _ reply: WholeReply, _ message: String
    ) -> Result<JudgedReply, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: reply.status))
    }
}

/// Anthropic's counts. `input_tokens` leaves out what came from the cache or went into it; in a stream, each
/// count is the sum so far, and one that is missing has not changed.
struct AnthropicUsage: Sendable {
    private var input: Int?
    private var output: Int?
    private var cacheWrite = 0
    private var cacheRead = 0
    private var thinking = 0

    init(_ usage: JSONTree? = nil) {
        update(usage)
    }

    mutating func update(_ usage: JSONTree?) {
        func count(_ name: String) -> Int? { usage?[name]?.tokenCount }
        input = count("input_tokens") ?? input
        output = count("output_tokens") ?? output
        cacheWrite = count("cache_creation_input_tokens") ?? cacheWrite
        cacheRead = count("cache_read_input_tokens") ?? cacheRead
        thinking = usage?["output_tokens_details"]?["thinking_tokens"]?.tokenCount ?? thinking
    }

    /// By OpenAI's arithmetic; nil where nothing was counted.
    var total: TokenUsage? {
        guard input != nil || output != nil else { return nil }
        return TokenUsage(
            promptTokens: (input ?? 0) + cacheWrite + cacheRead, completionTokens: output ?? 0,
            cachedTokens: cacheRead,
            cacheWriteTokens: cacheWrite, reasoningTokens: min(thinking, output ?? 0))
    }
}
