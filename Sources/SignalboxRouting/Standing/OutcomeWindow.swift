import SignalboxCore

/// How many attempts of the recent past ended, and how many of them failed.
///
/// Of 60 slots, so that it covers its span or up to a sixtieth less. 480 bytes.
struct OutcomeWindow: Sendable {
    static let slots = 60
    /// Both counts in one number: failures below, all above.
    private static let one = 1 << 32
    private var outcomes: RollingSum

    init(span: Duration) {
        outcomes = RollingSum(
            slots: Self.slots, width: .nanoseconds(max(1, span.nanoseconds / Int64(Self.slots))))
    }

    mutating func record(failed: Bool, at now: Instant) {
        outcomes.advance(to: now)
        outcomes.add(failed ? Self.one + 1 : Self.one)
    }

    mutating func counts(at now: Instant) -> (all: Int, failed: Int) {
        outcomes.advance(to: now)
        return (outcomes.sum >> 32, outcomes.sum & (Self.one - 1))
    }

    mutating func clear() { outcomes.clear() }
}
