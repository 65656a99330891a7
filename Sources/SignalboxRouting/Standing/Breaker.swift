import SignalboxCore

/// Stops sending to what fails, and asks again now and then.
///
///     closed ──record(failure): so many in a row, or too high a share of a window──▶ open(until)
///     open ──admit, once the cool-down is over──▶ half-open, this one is the probe
///     half-open ──record(success), the last of so many in a row──▶ closed
///     half-open ──record(success)──▶ half-open, ready for the next probe
///     half-open ──record(failure)──▶ open, twice as long up to the maximum
///     half-open ──giveBack, or admit once the probe's lease is over──▶ half-open, another is the probe
///
/// Replies count only in the phase in which their attempts began: what was still under way when the breaker
/// opened says nothing of later, and a probe that comes back after its lease has lost its say.
struct Breaker: Sendable {
    /// What an attempt was let through with; its reply counts while the breaker still goes by the same
    /// number.
    struct Pass: Sendable, Equatable {
        let number: UInt32
        let isProbe: Bool
    }

    private enum Phase: Sendable {
        case closed(failuresInARow: Int)
        case open(until: Instant)
        /// The lease of the probe under way, if one is.
        case halfOpen(successesInARow: Int, lease: Instant?)
    }

    let settings: BreakerSettings
    private var phase = Phase.closed(failuresInARow: 0)
    private var cooldown: Duration
    /// Changes with each phase and each probe.
    private var number: UInt32 = 0

    init(_ settings: BreakerSettings) {
        self.settings = settings
        cooldown = settings.cooldown
    }

    var state: BreakerState {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// When an attempt will be let through: nil for now.
    func closedUntil(at now: Instant) -> Instant? {
        switch phase {
        case .closed: nil
        case .open(let until): now < until ? until : nil
        case .halfOpen(_, let lease): lease.flatMap { now < $0 ? $0 : nil }
        }
    }

    /// Lets an attempt through; only to be called when ``closedUntil(at:)`` is nil.
    mutating func admit(at now: Instant) -> Pass {
        precondition(closedUntil(at: now) == nil, "the breaker is open")
        switch phase {
        case .closed:
            return Pass(number: number, isProbe: false)
        case .open:
            return probe(after: 0, at: now)
        case .halfOpen(let successes, _):
            return probe(after: successes, at: now)
        }
    }

    private mutating func probe(after successes: Int, at now: Instant) -> Pass {
        phase = .halfOpen(successesInARow: successes, lease: now.advanced(by: settings.probeLease))
        number &+= 1
        return Pass(number: number, isProbe: true)
    }

    /// Counts a reply; the new state if it changed.
    mutating func record(success: Bool, of pass: Pass, at now: Instant) -> BreakerState? {
        guard pass.number == number else { return nil }
        switch phase {
        case .closed(let failures):
            guard !success else {
                if failures > 0 { phase = .closed(failuresInARow: 0) }
                return nil
            }
            phase = .closed(failuresInARow: failures + 1)
            if failures + 1 >= settings.failures { return open(at: now) }
            return nil
        case .open:
            return nil
        case .halfOpen(let successes, _):
            guard success else {
                cooldown = min(cooldown * 2, settings.cooldownMax)
                return open(at: now)
            }
            number &+= 1
            if successes + 1 < settings.successes {
                phase = .halfOpen(successesInARow: successes + 1, lease: nil)
                return nil
            }
            cooldown = settings.cooldown
            phase = .closed(failuresInARow: 0)
            return .closed
        }
    }

    private mutating func open(at now: Instant) -> BreakerState {
        phase = .open(until: now.advanced(by: cooldown))
        number &+= 1
        return .open
    }

    /// The attempt tells nothing of the provider: if it was the probe, another may be.
    mutating func giveBack(_ pass: Pass) {
        guard pass.isProbe, pass.number == number, case .halfOpen(let successes, _) = phase else { return }
        phase = .halfOpen(successesInARow: successes, lease: nil)
        number &+= 1
    }
}
