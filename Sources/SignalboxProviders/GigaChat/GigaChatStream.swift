import SignalboxCore

/// Follows a stream of chunks up to `[DONE]`. The chunk that names the reason has the usage.
struct GigaChatStream: StreamDecoder {
    private(set) var summary = ReplySummary()
    private var chunks: ChatChunks
    private let answer: String
    private let tellsUsage: Bool
    private var hasCall = false

    init(for call: ChatCall, _ opening: StreamOpening) {
        answer = opening.requestID
        chunks = ChatChunks(
            id: "chatcmpl-\(opening.requestID)", model: call.model,
            created: opening.receivedAt.secondsSince1970)
        tellsUsage = call.wantsStreamUsage
    }

    var isCompleteWithoutTerminator: Bool { summary.finishReason != nil }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        if bytes[range].starts(with: "[DONE]".utf8) { return .done }
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: bytes, in: range)
        } catch {
            return .malformed
        }
        guard let choice = tree["choices"]?.elements?.first else {
            return GigaChatFailure.read(tree, status: nil).map(StreamStep.failure) ?? .malformed
        }
        if summary.model == nil, let model = tree["model"]?.string {
            (summary.model, chunks.model) = (model, model)
        }
        if choice["finish_reason"] == "error" { return .failure(GigaChatReply.failedAnswer(status: nil)) }
        let message = GigaChatMessage(choice["delta"] ?? .null, answer: answer)
        var payloads = write(message)
        let finish = GigaChatReply.finish(choice["finish_reason"]?.string, hasCall: hasCall)
        if let finish, summary.finishReason == nil {
            summary.finishReason = finish.rawValue
            payloads.append(chunks.finish(finish))
        }
        if let usage = tree["usage"].flatMap(GigaChatReply.usage) {
            if tellsUsage, finish != nil { payloads.append(chunks.usage(usage)) }
            summary.usage = usage
        }
        return .replace(payloads, hasDelta: !message.isEmpty)
    }

    private mutating func write(_ message: GigaChatMessage) -> [[UInt8]] {
        var payloads: [[UInt8]] = []
        if !message.reasoning.isEmpty { payloads.append(chunks.reasoning(message.reasoning)) }
        if !message.text.isEmpty { payloads.append(chunks.text(message.text)) }
        if let call = message.call, !hasCall {
            hasCall = true
            payloads.append(
                chunks.toolCall(index: 0, id: call.id, name: call.name, arguments: call.arguments))
        }
        return payloads
    }
}
