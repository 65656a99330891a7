public import SignalboxCore

/// Decides what becomes of one batch whose sending failed. A pure value: it is told the time and says what to
/// do; whoever holds it waits and sends.
///
///     sending ──delivered──▶ gone
///      ▲   │
///      │   ├─judge: may be sent again, and there is time──▶ waiting
///      │   └─judge: may not, or there is none────────────▶ dropped, and counted
///      └──the instant of `.again` has come── waiting
///
/// A pause begins at `pauseMin` and doubles up to `pauseMax`; half of it is chance, so that many senders do
/// not come back together. What the receiver asked for (`Retry-After`) is the least that it gets.
public struct ExportRetry: Sendable, Hashable {
    /// The bounds of a batch's way.
    public struct Limits: Sendable, Hashable {
        /// The first pause. Default 1 s.
        public var pauseMin: Duration
        /// The longest pause, unless the receiver asks for a longer one. Default 10 s.
        public var pauseMax: Duration
        /// From the first attempt on, pauses included. Default 30 s.
        public var total: Duration

        public init(
            pauseMin: Duration = .seconds(1), pauseMax: Duration = .seconds(10),
            total: Duration = .seconds(30)
        ) {
            self.pauseMin = pauseMin
            self.pauseMax = max(pauseMin, pauseMax)
            self.total = total
        }
    }

    public enum Verdict: Sendable, Hashable {
        case again(at: Instant)
        case drop
    }

    /// When the batch is given up, whatever happens.
    public private(set) var deadline: Instant
    /// How often it was sent again, or is about to be.
    public private(set) var retries = 0
    private let limits: Limits

    /// - Parameter now: when the batch is sent first.
    public init(_ limits: Limits, at now: Instant) {
        self.limits = limits
        deadline = now.advanced(by: limits.total)
    }

    /// Brings the end forward, as a shutdown does.
    public mutating func end(by instant: Instant) {
        deadline = min(deadline, instant)
    }

    /// - Parameter floor: what the receiver asked for; nil where it asked for nothing.
    public mutating func judge(
        _ failure: ExportFailure, floor: Duration?, at now: Instant,
        random: inout some RandomNumberGenerator
    ) -> Verdict {
        guard failure.isRetryable else { return .drop }
        let next = now.advanced(by: max(pause(random: &random), floor ?? .zero))
        // A pause that ends too late is not begun: nothing would come of it but a batch in the way.
        guard next < deadline else { return .drop }
        retries += 1
        return .again(at: next)
    }

    private func pause(random: inout some RandomNumberGenerator) -> Duration {
        // Thirty doublings of a millisecond are twelve days: beyond, `pauseMax` has long been reached.
        let doubled = limits.pauseMin.nanoseconds << Int64(min(retries, 30))
        let isTooLong = doubled < limits.pauseMin.nanoseconds || doubled > limits.pauseMax.nanoseconds
        let longest = isTooLong ? limits.pauseMax.nanoseconds : doubled
        guard longest > 1 else { return .nanoseconds(longest) }
        return .nanoseconds(Int64.random(in: longest / 2...longest, using: &random))
    }
}
