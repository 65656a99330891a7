import SignalboxCore

/// Reads a whole answer.
enum YandexGPTReply {
    static func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure> {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: reply.body)
        } catch {
            let what = reply.body.isEmpty ? "an empty body" : "no JSON (\(error))"
            return malformed(reply.status, "the provider answered \(reply.status) with \(what)")
        }
        guard let content = YandexGPTContent(tree) else {
            if let failure = YandexGPTFailure.read(tree, status: nil) { return .failure(failure) }
            return malformed(reply.status, "the provider's answer has no alternatives")
        }
        guard let finish = content.finish else {
            return malformed(reply.status, "the provider's answer is not finished")
        }
        let calls = content.toolCalls(answer: reply.requestID)
        let answer = ChatAnswer(
            id: "chatcmpl-\(reply.requestID)", model: call.model,
            created: reply.receivedAt.secondsSince1970,
            choices: [
                ChatAnswer.Choice(
                    text: content.text.isEmpty && !calls.isEmpty ? nil : content.text, finish: finish,
                    toolCalls: calls)
            ], usage: content.usage)
        let summary = ReplySummary(
            usage: content.usage, finishReason: finish.rawValue, model: content.model ?? call.model)
        return .success(JudgedReply(summary, body: answer.json))
    }

    private static func malformed(_ status: Int, _ message: String) -> Result<JudgedReply, UpstreamFailure> {
        .failure(UpstreamFailure(.malformedReply, message: message, status: status))
    }
}

/// What an answer, or a line of a stream, says: the first alternative, as far as it has come.
struct YandexGPTContent {
    let text: String
    private let calls: [JSONTree]
    let status: String
    let usage: TokenUsage?
    /// The model's version, which is all that it says of its name.
    let model: String?

    /// Nil where there is no alternative.
    init?(_ tree: JSONTree) {
        let result = tree["result"] ?? tree
        guard let alternative = result["alternatives"]?.elements?.first,
            let message = alternative["message"], message.members != nil
        else { return nil }
        text = message["text"]?.string ?? ""
        calls = message["toolCallList"]?["toolCalls"]?.elements ?? []
        status = alternative["status"]?.string ?? ""
        usage = result["usage"].flatMap(Self.usage)
        model = result["modelVersion"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Nil while more is to come.
    var finish: FinishReason? {
        switch status {
        case "ALTERNATIVE_STATUS_FINAL": calls.isEmpty ? .stop : .toolCalls
        case "ALTERNATIVE_STATUS_TRUNCATED_FINAL": .length
        case "ALTERNATIVE_STATUS_CONTENT_FILTER": .contentFilter
        case "ALTERNATIVE_STATUS_TOOL_CALLS": .toolCalls
        default: nil
        }
    }

    func toolCalls(answer: String) -> [Conversation.ToolCall] {
        calls.enumerated().compactMap { index, call in
            guard let function = call["functionCall"], let name = function["name"]?.string else { return nil }
            return Conversation.ToolCall(
                id: Conversation.ToolCall.madeUpID(answer: answer, index: index), name: name,
                arguments: function["arguments"]?.text ?? "{}")
        }
    }

    private static func usage(_ tree: JSONTree) -> TokenUsage? {
        let (prompt, completion) = (count(tree["inputTextTokens"]), count(tree["completionTokens"]))
        guard prompt != nil || completion != nil else { return nil }
        let reasoning = count(tree["completionTokensDetails"]?["reasoningTokens"]) ?? 0
        return TokenUsage(
            promptTokens: prompt ?? 0, completionTokens: completion ?? 0,
            reasoningTokens: min(reasoning, completion ?? 0))
    }

    /// Numbers of 64 bits are strings.
    static func count(_ tree: JSONTree?) -> Int? {
        (tree?.integer ?? tree?.string.flatMap { Int($0) }).map(TokenUsage.count)
    }
}
