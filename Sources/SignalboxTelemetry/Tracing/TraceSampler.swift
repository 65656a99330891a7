/// Decides which traces are recorded: as the caller decided, and a part of those that begin here.
///
/// The decision for a trace follows from its id alone: every process with the same ratio decides alike, and a
/// higher ratio records all that a lower one does. It compares the id's last 56 bits with a threshold, as
/// OpenTelemetry's consistent probability sampling does.
public struct TraceSampler: Sendable, Hashable {
    /// The part of the traces without a caller's decision that is recorded: 0 to 1.
    public let ratio: Double
    /// Ids from here on are recorded; one more than the greatest records none.
    private let threshold: UInt64

    private static let range: UInt64 = 1 << 56

    /// - Parameter ratio: clamped to 0...1; NaN records nothing.
    public init(ratio: Double = 1) {
        self.ratio = ratio.isNaN ? 0 : min(max(ratio, 0), 1)
        threshold = Self.range - UInt64((self.ratio * Double(Self.range)).rounded())
    }

    /// - Parameter parent: the span that a new one begins under; nil for the first of a trace.
    public func records(_ traceID: TraceID, parent: TraceContext?) -> Bool {
        if let parent { return parent.isSampled }
        return traceID.low & (Self.range - 1) >= threshold
    }
}
