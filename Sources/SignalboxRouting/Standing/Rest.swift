import SignalboxCore

/// How long to leave alone what has met a rate limit.
struct Rest: Sendable {
    /// Where the provider does not say for how long: at first, then doubled while rate limits go on.
    static let floor: Int64 = 1_000_000_000
    static let floorMax: Int64 = 60_000_000_000
    /// A provider that asks for longer than a day is asked again after one.
    static let max = Duration.seconds(86_400)

    private(set) var until = Instant.past
    private var begunAt = Instant.past
    private var limitsInARow = 0

    func remaining(at now: Instant) -> Duration? {
        now < until ? now.duration(to: until) : nil
    }

    /// An attempt met a limit; the provider asked for so long, or for nothing. How long the rest is if this
    /// made it longer.
    ///
    /// Attempts that had begun before the last such rest met the limit that is known: they double nothing.
    mutating func limit(asked: Duration?, begunAt attempt: Instant, at now: Instant) -> Duration? {
        if limitsInARow == 0 || attempt > begunAt {
            limitsInARow += 1
            begunAt = now
        }
        if let asked, asked > .zero { return extend(for: asked, at: now) }
        let doublings = min(limitsInARow - 1, 6)
        return extend(for: .nanoseconds(min(Self.floor << Int64(doublings), Self.floorMax)), at: now)
    }

    /// Rests before a limit is met. How long, if it did not rest yet.
    mutating func begin(for duration: Duration, at now: Instant) -> Duration? {
        let wasResting = now < until
        let rest = extend(for: duration, at: now)
        return wasResting ? nil : rest
    }

    /// Rests for so long, if not longer already.
    private mutating func extend(for duration: Duration, at now: Instant) -> Duration? {
        let duration = Swift.min(duration, Self.max)
        let end = now.advanced(by: duration)
        guard end > until else { return nil }
        until = end
        return duration
    }

    /// An attempt was answered: limits no longer go on, if it had begun after the last.
    mutating func answered(begunAt attempt: Instant) {
        if limitsInARow > 0, attempt > begunAt { limitsInARow = 0 }
    }

    /// Nothing of it is worth remembering.
    func isOver(at now: Instant) -> Bool { limitsInARow == 0 && until <= now }
}
