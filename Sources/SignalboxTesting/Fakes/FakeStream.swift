public import SignalboxCore

/// A fake vendor's streamed answer, event by event, which can be made to break.
public struct FakeStream: Sendable {
    public var contentType: String
    public var headers: [String: String]
    /// The answer's events, each framed as it goes over the wire.
    public var events: [[UInt8]]
    /// What says that the answer is whole and why it ended: finish reason, usage.
    public var closing: [[UInt8]]
    /// What comes last of all, such as `data: [DONE]`; empty where the vendor has no such thing.
    public var terminator: [UInt8]
    /// The vendor's error inside a stream.
    public var failure: [UInt8]

    public init(
        events: [[UInt8]], closing: [[UInt8]], terminator: [UInt8] = [], failure: [UInt8],
        contentType: String = "text/event-stream", headers: [String: String] = [:]
    ) {
        self.events = events
        self.closing = closing
        self.terminator = terminator
        self.failure = failure
        self.contentType = contentType
        self.headers = headers
    }

    /// Between the events of the model `slow`.
    public static let slowPause: Duration = .milliseconds(20)

    /// Plays it as the model chooses.
    public func script(as model: FakeModel) -> ReplyScript {
        var fields = headers
        fields["content-type"] = contentType
        let head = ReplyScript.Step.head(status: 200, headers: fields)
        // At least one event comes before it breaks, and one never does.
        let half = events.prefix(max(1, events.count / 2)).map(ReplyScript.Step.bytes)
        let whole = (events + closing).map(ReplyScript.Step.bytes)
        let end = terminator.isEmpty ? [] : [ReplyScript.Step.bytes(terminator)]
        switch model {
        case .streamError: return ReplyScript(steps: [head] + half + [.bytes(failure)])
        case .streamNoTerminator: return ReplyScript(steps: [head] + whole)
        case .streamShort: return ReplyScript(steps: [head] + half)
        case .streamCut: return ReplyScript(steps: [head] + half + [.cut])
        case .streamStall: return ReplyScript(steps: [head] + half + [.stall])
        case .slow:
            let steps = (whole + end).flatMap { [ReplyScript.Step.wait(Self.slowPause), $0] }
            return ReplyScript(steps: [.wait(Self.slowPause), head] + steps)
        case .ok, .tools, .reasoning, .cached, .length, .filtered, .fail429, .fail500, .failOverloaded,
            .failContext, .failFilter, .failModel, .failInvalid, .htmlError:
            return ReplyScript(steps: [head] + whole + end)
        }
    }

    /// One event of server-sent events; with a name where the vendor gives one.
    public static func event(_ data: [UInt8], named name: String? = nil) -> [UInt8] {
        let head = name.map { "event: \($0)\ndata: " } ?? "data: "
        return Array(head.utf8) + data + Array("\n\n".utf8)
    }

    /// One line of a stream of JSON lines.
    public static func line(_ json: [UInt8]) -> [UInt8] { json + [UInt8(ascii: "\n")] }
}
