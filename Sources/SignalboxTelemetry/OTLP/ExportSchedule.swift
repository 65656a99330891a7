public import SignalboxCore

/// Says when the next batch of a queue is due: as soon as it is full, or `delay` after the batch before it.
///
///     resting ──as many as a batch wait, or `delay` is over and something waits──▶ due ──exported──▶ resting
///        │
///        └─drain──▶ due while anything waits ──nothing waits──▶ ended
public struct ExportSchedule: Sendable, Hashable {
    public enum Due: Sendable, Hashable {
        case now
        /// Then at the latest, should no full batch come before.
        case at(Instant)
        /// Nothing waits and nothing more will come.
        case ended
    }

    /// Records that make a batch.
    public let batchMax: Int
    public let delay: Duration
    private var last: Instant
    private var isDraining = false

    public init(batchMax: Int, delay: Duration, at now: Instant) {
        self.batchMax = max(1, batchMax)
        self.delay = delay
        last = now
    }

    /// Whatever waits is due from now on.
    public mutating func drain() {
        isDraining = true
    }

    /// A batch was taken.
    public mutating func exported(at now: Instant) {
        last = now
    }

    public func due(waiting: Int, at now: Instant) -> Due {
        if isDraining { return waiting > 0 ? .now : .ended }
        if waiting >= batchMax { return .now }
        let next = last.advanced(by: delay)
        guard next <= now else { return .at(next) }
        return waiting > 0 ? .now : .at(now.advanced(by: delay))
    }
}
