import SignalboxCore

/// Follows a stream of `GenerateContentResponse` objects: each brings the next parts of some candidates, and
/// the usage up to there. Nothing ends it but its end; it is whole when every candidate told its reason.
struct GeminiStream: StreamDecoder {
    private(set) var summary = ReplySummary()
    private var chunks: ChatChunks
    private var answer: String
    private let tellsUsage: Bool
    private let candidateCount: Int
    /// Tool calls so far, by candidate.
    private var toolCalls: [Int: Int] = [:]
    private var finished: Set<Int> = []
    private var hasBegun = false

    init(for call: ChatCall, _ opening: StreamOpening) {
        answer = opening.requestID
        chunks = ChatChunks(
            id: "chatcmpl-\(opening.requestID)", model: call.model,
            created: opening.receivedAt.secondsSince1970)
        tellsUsage = call.wantsStreamUsage
        candidateCount = max(1, call.fields.integer("n") ?? 1)
    }

    var isCompleteWithoutTerminator: Bool { finished.count >= candidateCount }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: bytes, in: range)
        } catch {
            return .malformed
        }
        if let error = tree["error"] { return .failure(GeminiFailure.judge(error, status: nil)) }
        if let failure = GeminiReply.blocked(tree, status: 200) { return .failure(failure) }
        let usage = GeminiUsage.read(tree)
        guard tree["candidates"]?.elements != nil || usage != nil else { return .malformed }
        begin(tree)
        if let usage { summary.usage = usage }
        return take(tree["candidates"]?.elements ?? [], hasUsage: usage != nil)
    }

    private mutating func begin(_ tree: JSONTree) {
        guard !hasBegun else { return }
        hasBegun = true
        if let id = tree["responseId"]?.string { (answer, chunks.id) = (id, "chatcmpl-\(id)") }
        if let model = tree["modelVersion"]?.string { (summary.model, chunks.model) = (model, model) }
    }

    private mutating func take(_ candidates: [JSONTree], hasUsage: Bool) -> StreamStep {
        var payloads: [[UInt8]] = []
        var hasDelta = false
        for candidate in candidates {
            let choice = max(0, candidate["index"]?.integer ?? 0)
            let content = GeminiContent(
                candidate, answer: answer, choice: choice, toolCallsBefore: toolCalls[choice] ?? 0)
            hasDelta = hasDelta || !content.isEmpty
            write(content, of: choice, to: &payloads)
            guard let reason = candidate["finishReason"]?.string, !finished.contains(choice) else { continue }
            switch GeminiFinish.judge(reason, hasToolCalls: (toolCalls[choice] ?? 0) > 0) {
            case .failure(let failure): return .failure(failure)
            case .success(let finish):
                finished.insert(choice)
                if summary.finishReason == nil || choice == 0 { summary.finishReason = finish.rawValue }
                payloads.append(chunks.finish(finish, choice: choice))
            }
        }
        // Usage comes with the last chunk, or behind it.
        guard isCompleteWithoutTerminator, hasUsage, let usage = summary.usage else {
            return .replace(payloads, hasDelta: hasDelta)
        }
        if tellsUsage { payloads.append(chunks.usage(usage)) }
        return .last(payloads)
    }

    private mutating func write(_ content: GeminiContent, of choice: Int, to payloads: inout [[UInt8]]) {
        if !content.reasoning.isEmpty { payloads.append(chunks.reasoning(content.reasoning, choice: choice)) }
        if !content.text.isEmpty {
            payloads.append(
                chunks.text(
                    content.text, choice: choice, logProbabilities: content.logProbabilities))
        }
        for call in content.toolCalls {
            let index = toolCalls[choice] ?? 0
            toolCalls[choice] = index + 1
            payloads.append(
                chunks.toolCall(
                    index: index, id: call.id, name: call.name, arguments: call.arguments, choice: choice))
        }
    }
}
