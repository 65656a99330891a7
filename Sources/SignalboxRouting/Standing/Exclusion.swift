import SignalboxCore

/// Keeps out what the provider refused, a key or a model, until a re-check finds it good.
///
///     in ──exclude──▶ out(until)
///     out ──admit, once `until` has come──▶ out(until its lease is over), this attempt is the trial
///     out ──readmit, of the trial or on a key check's word──▶ in
///     out ──exclude──▶ out(until), later
///     out ──giveBack, of the trial──▶ out(now): the next attempt is the trial
///
struct Exclusion: Sendable {
    /// An attempt that finds out. Its ending counts if no other trial and no other refusal came since.
    struct Trial: Sendable, Equatable {
        static let none = Trial(number: 0)
        let number: UInt32
    }

    /// Nil for what is not out.
    private(set) var reason: OutReason?
    private(set) var until = Instant.past
    private var number: UInt32 = 0

    func refuses(at now: Instant) -> OutReason? {
        now < until ? reason : nil
    }

    /// Only to be called where ``refuses(at:)`` is nil.
    mutating func admit(at now: Instant, lease: Duration) -> Trial {
        guard reason != nil else { return .none }
        until = now.advanced(by: lease)
        return turn()
    }

    /// Whether that is news.
    mutating func exclude(for reason: OutReason, until: Instant) -> Bool {
        defer { self.reason = reason }
        self.until = until
        _ = turn()
        return self.reason != reason
    }

    /// It stays out, for another reason; a trial goes on.
    mutating func restate(_ reason: OutReason) {
        self.reason = reason
    }

    /// The trial found it good: whether it was out.
    mutating func readmit(_ trial: Trial) -> Bool {
        trial != .none && trial.number == number && readmit()
    }

    mutating func readmit() -> Bool {
        guard reason != nil else { return false }
        reason = nil
        _ = turn()
        return true
    }

    /// The trial found nothing out.
    mutating func giveBack(_ trial: Trial, at now: Instant) {
        if trial != .none, trial.number == number { until = now }
    }

    private mutating func turn() -> Trial {
        number = number == .max ? 1 : number + 1
        return Trial(number: number)
    }
}
