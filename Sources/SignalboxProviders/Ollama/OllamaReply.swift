import SignalboxCore

/// Reads a whole answer of `/api/chat`.
enum OllamaReply {
    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: reply.body)
        } catch {
            let what = reply.body.isEmpty ? "an empty body" : "no JSON (\(error))"
            return malformed(reply.status, "the provider answered \(reply.status) with \(what)")
        }
        if let error = tree["error"]?.string { return .failure(OllamaFailure.judge(error)) }
        guard let message = tree["message"], message.members != nil else {
            return malformed(reply.status, "the provider's answer has no message")
        }
        guard tree["done"]?.bool == true else {
            return malformed(reply.status, "the provider's answer is not done")
        }
        let content = OllamaMessage(message, answer: reply.requestID)
        let finish = OllamaReply.finish(tree, hasToolCalls: !content.toolCalls.isEmpty)
        var choice = ChatAnswer.Choice(
            text: content.text.isEmpty && !content.toolCalls.isEmpty ? nil : content.text, finish: finish,
            reasoning: content.reasoning.isEmpty ? nil : content.reasoning, toolCalls: content.toolCalls)
        choice.logProbabilities = logProbabilities(tree)
        let model = tree["model"]?.string
        let answer = ChatAnswer(
            id: "chatcmpl-\(reply.requestID)", model: model ?? call.model,
            created: reply.receivedAt.secondsSince1970, choices: [choice], usage: usage(tree))
        let summary = ReplySummary(usage: answer.usage, finishReason: finish.rawValue, model: model)
        return .success(JudgedReply(summary, body: answer.json))
    }

    /// `stop`, `length`, or the loading of a model, which is no way for an answer to end.
    static func finish(_ tree: JSONTree, hasToolCalls: Bool) -> FinishReason {
        if tree["done_reason"] == "length" { return .length }
        return hasToolCalls ? .toolCalls : .stop
    }

    /// A prompt that was evaluated before is not counted again by every version; then only the answer is.
    static func usage(_ tree: JSONTree) -> TokenUsage? {
        let prompt = tree["prompt_eval_count"]?.tokenCount
        let completion = tree["eval_count"]?.tokenCount
        guard prompt != nil || completion != nil else { return nil }
        return TokenUsage(promptTokens: max(0, prompt ?? 0), completionTokens: max(0, completion ?? 0))
    }

    /// The tokens are already in OpenAI's form.
    static func logProbabilities(_ tree: JSONTree) -> JSONTree? {
        guard let tokens = tree["logprobs"], tokens.elements?.isEmpty == false else { return nil }
        return .object(["content": tokens, "refusal": .null])
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<JudgedReply, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}

/// What one `message` says.
struct OllamaMessage {
    let text: String
    let reasoning: String
    let toolCalls: [Conversation.ToolCall]

    /// - Parameter toolCallsBefore: those in earlier lines of the same answer.
    init(_ message: JSONTree, answer: String, toolCallsBefore: Int = 0) {
        text = message["content"]?.string ?? ""
        reasoning = message["thinking"]?.string ?? ""
        var calls: [Conversation.ToolCall] = []
        for call in message["tool_calls"]?.elements ?? [] {
            guard let function = call["function"], let name = function["name"]?.string else { continue }
            let id = call["id"]?.string ?? ""
            let index = toolCallsBefore + calls.count
            calls.append(
                Conversation.ToolCall(
                    id: id.isEmpty ? Conversation.ToolCall.madeUpID(answer: answer, index: index) : id,
                    name: name, arguments: function["arguments"]?.text ?? "{}"))
        }
        toolCalls = calls
    }

    var isEmpty: Bool { text.isEmpty && reasoning.isEmpty && toolCalls.isEmpty }
}
