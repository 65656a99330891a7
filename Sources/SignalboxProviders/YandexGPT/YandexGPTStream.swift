import SignalboxCore

/// Follows a stream of JSON lines, each of which says all the text so far: only what is new is passed on.
struct YandexGPTStream: StreamDecoder {
    private(set) var summary = ReplySummary()
    private var chunks: ChatChunks
    private let answer: String
    private let tellsUsage: Bool
    private var told = ""
    private var hasEnded = false

    init(for call: ChatCall, _ opening: StreamOpening) {
        answer = opening.requestID
        chunks = ChatChunks(
            id: "chatcmpl-\(opening.requestID)", model: call.model,
            created: opening.receivedAt.secondsSince1970)
        tellsUsage = call.wantsStreamUsage
        summary.model = call.model
    }

    /// The line with a final status is the last one itself.
    var isCompleteWithoutTerminator: Bool { hasEnded }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: bytes, in: range)
        } catch {
            return .malformed
        }
        guard let content = YandexGPTContent(tree) else {
            return YandexGPTFailure.read(tree, status: nil).map(StreamStep.failure) ?? .malformed
        }
        if let model = content.model { summary.model = model }
        if let usage = content.usage { summary.usage = usage }
        var payloads: [[UInt8]] = []
        if content.text.utf8.starts(with: told.utf8) {
            let new = content.text.utf8.dropFirst(told.utf8.count)
            if !new.isEmpty { payloads.append(chunks.text(String(decoding: Array(new), as: UTF8.self))) }
            told = content.text
        } else if content.finish != .contentFilter {
            // What was told cannot be taken back.
            return .failure(
                UpstreamFailure(.malformedReply, message: "the text changed behind what was already told"))
        }
        guard let finish = content.finish else { return .replace(payloads, hasDelta: !payloads.isEmpty) }
        return .last(payloads + end(content, finish))
    }

    private mutating func end(_ content: YandexGPTContent, _ finish: FinishReason) -> [[UInt8]] {
        hasEnded = true
        summary.finishReason = finish.rawValue
        var payloads: [[UInt8]] = []
        for (index, call) in content.toolCalls(answer: answer).enumerated() {
            payloads.append(
                chunks.toolCall(index: index, id: call.id, name: call.name, arguments: call.arguments))
        }
        payloads.append(chunks.finish(finish))
        if tellsUsage, let usage = content.usage { payloads.append(chunks.usage(usage)) }
        return payloads
    }
}
