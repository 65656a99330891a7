/// A provider's reply as a list of steps, played on the event loop in place of a network transfer.
public struct ReplyScript: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        case wait(Duration)
        case head(status: Int, headers: [String: String])
        case bytes([UInt8])
        /// The connection breaks off.
        case cut
        /// Nothing more comes, ever; the connection stays open.
        case stall
    }

    /// Played in order; the reply ends cleanly after the last one.
    public var steps: [Step]

    public init(steps: [Step]) {
        self.steps = steps
    }
}
