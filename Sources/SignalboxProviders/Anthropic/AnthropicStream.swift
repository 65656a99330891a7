import SignalboxCore

/// Follows the events of a stream: what they say beside their text. Both decoders stand on it.
struct AnthropicEvents: Sendable {
    private(set) var summary = ReplySummary()
    private var usage = AnthropicUsage()

    enum Event {
        /// One that carries content if `hasDelta`.
        case content(JSONTree, hasDelta: Bool)
        /// `message_start`, `ping`, and what may come to be.
        case other(JSONTree)
        /// `message_delta`: why it ended, and the usage.
        case ending(FinishReason?)
        case stop
        case failure(UpstreamFailure)
        case malformed
    }

    mutating func read(_ bytes: [UInt8], in range: Range<Int>) -> Event {
        let event: JSONTree
        do throws(JSONSyntaxError) {
            event = try JSONTree(parsing: bytes, in: range)
        } catch {
            return .malformed
        }
        switch event["type"]?.string {
        case nil: return .malformed
        case "message_start":
            summary.model = event["message"]?["model"]?.string
            count(event["message"]?["usage"])
            return .other(event)
        case "content_block_start":
            let block = event["content_block"]
            let isCall = block?["type"] == "tool_use"
            return .content(event, hasDelta: isCall || AnthropicEvents.hasText(block))
        case "content_block_delta":
            return .content(event, hasDelta: AnthropicEvents.hasText(event["delta"]))
        case "message_delta":
            count(event["usage"])
            guard let reason = event["delta"]?["stop_reason"]?.string else { return .ending(nil) }
            let finish = AnthropicReply.finish(reason)
            summary.finishReason = finish.rawValue
            return .ending(finish)
        case "message_stop": return .stop
        case "error": return .failure(AnthropicFailure.judge(event: event))
        default: return .other(event)
        }
    }

    private mutating func count(_ latest: JSONTree?) {
        usage.update(latest)
        summary.usage = usage.total
    }

    private static func hasText(_ part: JSONTree?) -> Bool {
        ["text", "thinking", "partial_json"].contains { part?[$0]?.string?.isEmpty == false }
    }
}

/// Writes a stream as OpenAI's chunks.
struct AnthropicStream: StreamDecoder {
    private var events = AnthropicEvents()
    private var chunks: ChatChunks
    private let wantsUsage: Bool
    /// Which of the answer's calls a block is.
    private var calls: [Int: Int] = [:]
    private var hasFinished = false

    init(_ opening: StreamOpening, model: String, wantsUsage: Bool) {
        chunks = ChatChunks(
            id: opening.requestID, model: model,
            created: Int(opening.receivedAt.nanosecondsSince1970 / 1_000_000_000))
        self.wantsUsage = wantsUsage
    }

    var summary: ReplySummary { events.summary }
    var isCompleteWithoutTerminator: Bool { hasFinished }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        switch events.read(bytes, in: range) {
        case .content(let event, let hasDelta): return .replace(payloads(of: event), hasDelta: hasDelta)
        case .other(let event):
            if let message = event["message"] {
                chunks.id = message["id"]?.string ?? chunks.id
                chunks.model = summary.model ?? chunks.model
            }
            return .replace([], hasDelta: false)
        case .ending(let finish): return .replace(end(finish), hasDelta: false)
        case .stop: return .done
        case .failure(let failure): return .failure(failure)
        case .malformed: return .malformed
        }
    }

    /// Blocks and deltas that OpenAI has nothing for (signatures, citations) become nothing.
    private mutating func payloads(of event: JSONTree) -> [[UInt8]] {
        let block = event["index"]?.integer ?? 0
        let part = event["content_block"] ?? event["delta"] ?? .null
        switch part["type"]?.string {
        case "tool_use":
            let index = calls.count
            calls[block] = index
            let input = part["input"] ?? .object([:])
            return [
                chunks.toolCall(
                    index: index, id: part["id"]?.string ?? "", name: part["name"]?.string ?? "",
                    arguments: input.members?.isEmpty == true ? "" : input.text)
            ]
        case "input_json_delta":
            guard let index = calls[block], let piece = part["partial_json"]?.string, !piece.isEmpty else {
                return []
            }
            return [chunks.toolArguments(index: index, piece)]
        case "text", "text_delta":
            guard let text = part["text"]?.string, !text.isEmpty else { return [] }
            return [chunks.text(text)]
        case "thinking", "thinking_delta":
            guard let text = part["thinking"]?.string, !text.isEmpty else { return [] }
            return [chunks.reasoning(text)]
        default: return []
        }
    }

    private mutating func end(_ finish: FinishReason?) -> [[UInt8]] {
        guard let finish, !hasFinished else { return [] }
        hasFinished = true
        let last = chunks.finish(finish)
        guard wantsUsage, let usage = summary.usage else { return [last] }
        return [last, chunks.usage(usage)]
    }
}

/// Passes a stream on to a caller of the same dialect.
struct AnthropicNativeStream: StreamDecoder {
    private var events = AnthropicEvents()

    var summary: ReplySummary { events.summary }
    var isCompleteWithoutTerminator: Bool { summary.finishReason != nil }
    var isNative: Bool { true }

    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep {
        switch events.read(bytes, in: range) {
        case .content(_, let hasDelta): .forward(hasDelta: hasDelta)
        case .other, .ending: .forward(hasDelta: false)
        case .stop: .done
        case .failure(let failure): .failure(failure)
        case .malformed: .malformed
        }
    }
}
