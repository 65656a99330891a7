import SignalboxCore

/// Stops sending to what fails, and asks again now and then.
///
///     closed ──record(failure): so many in a row, or too high a share of a window──▶ open(until)
///     open ──admit, once the cool-down is over──▶ half-open, this one is the probe
///     half-open ──record(success), the last of so many in a row──▶ closed
///     half-open ──record(success)──▶ half-open, ready for the next probe
///     half-open ──record(failure)──▶ open, twice as long up to the maximum
///     half-open ──giveBack──▶ half-open, ready for the next probe
///     half-open ──admit, once the probe's lease is over──▶ half-open, this one is the probe
///
/// Replies count only in the phase in which their attempts began: what was still under way when the breaker
/// opened says nothing of later, and a probe whose turn another has taken has lost its say.
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

    private(set) var settings: BreakerSettings
    private var phase = Phase.closed(failuresInARow: 0)
    /// Of the closed phase.
    private var outcomes: OutcomeWindow
    /// Of the open phase under way, or the next.
    private var cooldown: Duration
    /// Changes with each phase and each probe.
    private var number: UInt32 = 0

    init(_ settings: BreakerSettings) {
        self.settings = settings
        outcomes = OutcomeWindow(span: settings.window)
        cooldown = settings.cooldown
    }

    /// Goes on under other settings; a cool-down under way ends when it would have.
    mutating func adopt(_ settings: BreakerSettings) {
        guard settings != self.settings else { return }
        if settings.window != self.settings.window { outcomes = OutcomeWindow(span: settings.window) }
        let isClosed = state == .closed
        cooldown = isClosed ? settings.cooldown : min(max(cooldown, settings.cooldown), settings.cooldownMax)
        self.settings = settings
    }

    var state: BreakerState {
        switch phase {
        case .closed: .closed
        case .open: .open
        case .halfOpen: .halfOpen
        }
    }

    /// Until when nothing is let through; nil if something is now.
    func refuses(at now: Instant) -> Instant? {
        switch phase {
        case .closed: nil
        case .open(let until): now < until ? until : nil
        case .halfOpen(_, let lease): lease.flatMap { now < $0 ? $0 : nil }
        }
    }

    /// It wants to know whether it may close: half-open, or due to be.
    func isProbing(at now: Instant) -> Bool {
        switch phase {
        case .closed: false
        case .open(let until): until <= now
        case .halfOpen: true
        }
    }

    /// Lets an attempt through; only to be called where ``refuses(at:)`` is nil.
    mutating func admit(at now: Instant) -> Pass {
        precondition(refuses(at: now) == nil, "the breaker lets nothing through")
        switch phase {
        case .closed: return Pass(number: number, isProbe: false)
        case .open: return probe(after: 0, at: now)
        case .halfOpen(let successes, _): return probe(after: successes, at: now)
        }
    }

    private mutating func probe(after successes: Int, at now: Instant) -> Pass {
        phase = .halfOpen(successesInARow: successes, lease: now.advanced(by: settings.probeLease))
        number &+= 1
        return Pass(number: number, isProbe: true)
    }

    /// Counts a reply; the new state if that changed it.
    mutating func record(failed: Bool, of pass: Pass, at now: Instant) -> BreakerState? {
        guard pass.number == number else { return nil }
        switch phase {
        case .closed(let failures):
            return recordClosed(failed: failed, after: failures, at: now)
        case .open:
            return nil
        case .halfOpen(let successes, _):
            guard !failed else {
                cooldown = min(cooldown * 2, settings.cooldownMax)
                return open(at: now)
            }
            return succeed(after: successes)
        }
    }

    private mutating func recordClosed(failed: Bool, after failures: Int, at now: Instant) -> BreakerState? {
        outcomes.record(failed: failed, at: now)
        guard failed else {
            if failures > 0 { phase = .closed(failuresInARow: 0) }
            return nil
        }
        phase = .closed(failuresInARow: failures + 1)
        return failures + 1 >= settings.failures || isRateTooHigh(at: now) ? open(at: now) : nil
    }

    /// Asked after failures alone: a success never opens a breaker.
    private mutating func isRateTooHigh(at now: Instant) -> Bool {
        let (all, failed) = outcomes.counts(at: now)
        return all >= settings.requestsMin && Double(failed) >= Double(all) * settings.errorRate
    }

    private mutating func open(at now: Instant) -> BreakerState {
        phase = .open(until: now.advanced(by: cooldown))
        number &+= 1
        return .open
    }

    private mutating func succeed(after successes: Int) -> BreakerState? {
        number &+= 1
        guard successes + 1 >= settings.successes else {
            phase = .halfOpen(successesInARow: successes + 1, lease: nil)
            return nil
        }
        phase = .closed(failuresInARow: 0)
        outcomes.clear()
        cooldown = settings.cooldown
        return .closed
    }

    /// The attempt tells nothing: if it was the probe, another may be.
    mutating func giveBack(_ pass: Pass) {
        guard pass.isProbe, pass.number == number, case .halfOpen(let successes, _) = phase else { return }
        phase = .halfOpen(successesInARow: successes, lease: nil)
        number &+= 1
    }
}
