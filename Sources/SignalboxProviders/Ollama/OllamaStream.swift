import SignalboxCore

/// Follows a stream of JSON lines up to the one that says `"done": true`, which has the counts.
struct OllamaStream: StreamDecoder {
    private(set) var summary = ReplySummary()
    private var chunks: ChatChunks
    private let answer: String
    private let tellsUsage: Bool
    private var toolCalls = 0

    init(for call: ChatCall, _ opening: StreamOpening) {
        answer = opening.requestID
        chunks = ChatChunks(
            id: "chatcmpl-\(opening.requestID)", model: call.model,
            created: opening.receivedAt.secondsSince1970)
        tellsUsage = call.wantsStreamUsage
    }

    /// The line that names the reason is the last one itself.
    var isCompleteWithoutTerminator: Bool { summary.finishReason != nil }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: bytes, in: range)
        } catch {
            return .malformed
        }
        if let error = tree["error"]?.string { return .failure(OllamaFailure.judge(error)) }
        let isDone = tree["done"]?.bool == true
        guard tree["message"]?.members != nil || isDone else { return .malformed }
        if summary.model == nil, let model = tree["model"]?.string {
            (summary.model, chunks.model) = (model, model)
        }
        let message = OllamaMessage(tree["message"] ?? .null, answer: answer, toolCallsBefore: toolCalls)
        var payloads = write(message, logProbabilities: OllamaReply.logProbabilities(tree))
        guard isDone else { return .replace(payloads, hasDelta: !message.isEmpty) }
        let finish = OllamaReply.finish(tree, hasToolCalls: toolCalls > 0)
        summary.finishReason = finish.rawValue
        payloads.append(chunks.finish(finish))
        if let usage = OllamaReply.usage(tree) {
            summary.usage = usage
            if tellsUsage { payloads.append(chunks.usage(usage)) }
        }
        return .last(payloads)
    }

    private mutating func write(_ message: OllamaMessage, logProbabilities: JSONTree?) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        if !message.reasoning.isEmpty { payloads.append(chunks.reasoning(message.reasoning)) }
        if !message.text.isEmpty {
            payloads.append(chunks.text(message.text, logProbabilities: logProbabilities))
        }
        for call in message.toolCalls {
            payloads.append(
                chunks.toolCall(index: toolCalls, id: call.id, name: call.name, arguments: call.arguments))
            toolCalls += 1
        }
        return payloads
    }
}
