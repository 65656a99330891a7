import SignalboxCore
import SignalboxStore

/// Decides what an endpoint does next. Pure: a picture of one moment.
///
///     records in the ledger ──freeze──▶ pending ──send──▶ in flight ──▶ delivered, or a dead letter
///                                          ▲                 │
///                                          └─────retry───────┘
///
/// No more than `concurrency` deliveries are frozen and undelivered, so that an endpoint that fails leaves
/// its records in the ledger, and the order is kept where `concurrency` is 1.
struct EndpointAgenda {
    var concurrency: Int
    /// Every pending delivery, in the order in which they were frozen.
    var pending: [Delivery.Header]
    /// The ids of those that are being sent, or stand in line for it.
    var inFlight: Set<String>
    /// Deliveries that are being frozen.
    var freezing: Int
    /// Whether records wait in the ledger.
    var hasRecords: Bool
    /// No pause of ours is longer: a delivery that is due later than that was put off by a clock that has
    /// been set back since.
    var pauseMax: Duration
    /// Until when they wait for others; nil where they need not.
    var ripens: WallTime?

    enum Step: Equatable {
        case send(Delivery.Header)
        case freeze
        /// There is nothing to do before that.
        case wait(until: WallTime)
        /// There is nothing to do until something happens.
        case idle
    }

    func next(at now: WallTime) -> Step {
        guard inFlight.count + freezing < concurrency else { return .idle }
        let free = pending.filter(isFree)
        if concurrency == 1, let first = free.first {
            return isDue(first, at: now) ? .send(first) : .wait(until: first.next)
        }
        if let due = free.first(where: { isDue($0, at: now) }) { return .send(due) }
        let retry = free.lazy.map(\.next).min()
        guard hasRecords, hasRoom else { return retry.map { .wait(until: $0) } ?? .idle }
        guard let ripens, ripens > now else { return .freeze }
        return .wait(until: min(ripens, retry ?? ripens))
    }

    /// Whether one more delivery may be frozen. The store does that for an endpoint one after the other.
    var hasRoom: Bool {
        freezing == 0 && inFlight.union(pending.lazy.map(\.id)).count < concurrency
    }

    /// Whether nobody has it in hand. What is being frozen may stand in the store already, and who freezes it
    /// sends it too: one that was tried before is not that one.
    private func isFree(_ delivery: Delivery.Header) -> Bool {
        !inFlight.contains(delivery.id) && (freezing == 0 || delivery.attempts > 0)
    }

    private func isDue(_ delivery: Delivery.Header, at now: WallTime) -> Bool {
        delivery.next <= now || delivery.next > now.advanced(by: pauseMax)
    }
}
