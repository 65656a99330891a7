import SignalboxCore

/// Reads a whole answer.
enum GigaChatReply {
    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: reply.body)
        } catch {
            let what = reply.body.isEmpty ? "an empty body" : "no JSON (\(error))"
            return malformed(reply.status, "the provider answered \(reply.status) with \(what)")
        }
        guard let choice = tree["choices"]?.elements?.first, let message = choice["message"] else {
            if let failure = GigaChatFailure.read(tree, status: nil) { return .failure(failure) }
            return malformed(reply.status, "the provider's answer has no choices")
        }
        let content = GigaChatMessage(message, answer: reply.requestID)
        if choice["finish_reason"] == "error" {
            return .failure(failedAnswer(status: reply.status))
        }
        let finish = finish(choice["finish_reason"]?.string, hasCall: content.call != nil) ?? .stop
        let model = tree["model"]?.string
        let answer = ChatAnswer(
            id: "chatcmpl-\(reply.requestID)", model: model ?? call.model,
            created: tree["created"]?.integer ?? reply.receivedAt.secondsSince1970,
            choices: [
                ChatAnswer.Choice(
                    text: content.text.isEmpty && content.call != nil ? nil : content.text, finish: finish,
                    reasoning: content.reasoning.isEmpty ? nil : content.reasoning,
                    toolCalls: content.call.map { [$0] } ?? [])
            ],
            usage: tree["usage"].flatMap(usage))
        let summary = ReplySummary(usage: answer.usage, finishReason: finish.rawValue, model: model)
        return .success(JudgedReply(summary, body: answer.json))
    }

    /// Nil where none is named.
    static func finish(_ reason: String?, hasCall: Bool) -> FinishReason? {
        switch reason {
        case nil: nil
        case "length": .length
        case "blacklist": .contentFilter
        case "function_call": .toolCalls
        default: hasCall ? .toolCalls : .stop
        }
    }

    /// The model itself gave up.
    static func failedAnswer(status: Int?) -> UpstreamFailure {
        UpstreamFailure(
            .overloaded, message: "the answer ended with finish_reason error", status: status, code: "error")
    }

    /// Tokens from the cache are not among `prompt_tokens`, unless the total says that they are.
    static func usage(_ tree: JSONTree) -> TokenUsage? {
        let (prompt, completion) = (tree["prompt_tokens"]?.tokenCount, tree["completion_tokens"]?.tokenCount)
        guard prompt != nil || completion != nil else { return nil }
        let (own, answer) = (prompt ?? 0, completion ?? 0)
        let cached = tree["precached_prompt_tokens"]?.tokenCount ?? 0
        let isIncluded = cached <= own && tree["total_tokens"]?.integer == own - cached + answer
        return TokenUsage(
            promptTokens: isIncluded ? own : own + cached, completionTokens: answer, cachedTokens: cached)
    }

    /// The state of a function call is a UUID; it travels as the call's id, and comes back so.
    static func isStateID(_ id: String) -> Bool {
        let groups = id.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.joined().allSatisfy(\.isHexDigit)
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<JudgedReply, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}

/// What a `message` or a `delta` says.
struct GigaChatMessage {
    let text: String
    let reasoning: String
    let call: Conversation.ToolCall?

    init(_ message: JSONTree, answer: String) {
        text = message["content"]?.string ?? ""
        reasoning = message["reasoning_content"]?.string ?? ""
        guard let function = message["function_call"], let name = function["name"]?.string else {
            call = nil
            return
        }
        let state = message["functions_state_id"]?.string ?? ""
        let arguments = function["arguments"]
        call = Conversation.ToolCall(
            id: state.isEmpty ? Conversation.ToolCall.madeUpID(answer: answer, index: 0) : state,
            name: name, arguments: arguments?.string ?? arguments?.text ?? "{}")
    }

    var isEmpty: Bool { text.isEmpty && reasoning.isEmpty && call == nil }
}
