public import SignalboxProviders

/// A promise that did not hold, and for which bytes.
public struct Violation: Sendable, CustomStringConvertible {
    public let promise: String
    public let input: [UInt8]

    public var description: String {
        promise + "\n" + input.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

/// What is fed noise. Each promises not to crash, not to write much more than it read, and what its name
/// stands for.
public enum FuzzTarget: String, Sendable, CaseIterable {
    /// The scanner and the splice, beside Foundation's verdict.
    case json
    /// `JSONTree` over `JSONReader`: parsed, written and parsed, the same; the same verdict as the scanner's.
    case tree
    /// Events and lines of a stream: chunks do not matter.
    case sse, lines
    /// Requests: read, or refused with the field's name; what every adapter makes of them.
    case conversation
    /// Whole replies, their errors and headers, to every adapter.
    case replies
    /// Streamed replies to every adapter: chunks do not matter.
    case streams

    /// Nil if everything promised of the input that `seed` makes is true.
    public func violation(seed: UInt64) -> Violation? {
        switch self {
        case .json: JSONFuzz.scanned(seed: seed)
        case .tree: JSONFuzz.tree(seed: seed)
        case .sse: FramingFuzz.events(seed: seed)
        case .lines: FramingFuzz.lines(seed: seed)
        case .conversation: AdapterFuzz.conversation(seed: seed)
        case .replies: AdapterFuzz.reply(seed: seed)
        case .streams: AdapterFuzz.stream(seed: seed)
        }
    }

    /// Kinds of provider that no target reaches yet, as their adapters are not built.
    public static var kindsLeftOut: [ProviderKind] { FuzzSubject.leftOut }
}
