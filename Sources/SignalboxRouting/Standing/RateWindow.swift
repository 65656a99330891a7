import SignalboxCore

/// What goes through in a minute: requests or tokens, of a provider or of one of its keys.
///
/// Two counts, and each has its say:
///
/// Ours, where a limit is configured: no 60 seconds let more through than the limit. It counts in 61 slots of
/// a second, so that an amount leaves 60 to 61 seconds after it was reserved, never sooner.
///
/// The provider's, from the headers of its replies: until its reset no more goes through than it said was
/// left. Where no limit is configured the provider's is learnt: after each reset its whole limit is there
/// again, and resets are taken to come every 60 seconds until it says otherwise.
///
/// 488 bytes of slots, whatever the traffic.
struct RateWindow: Sendable {
    /// No wait helps an amount that is larger than the whole limit.
    static let never = Instant(nanoseconds: .max)

    struct Told: Sendable {
        var limit: Int?
        var remaining: Int
        var until: Instant
    }

    static let span: Int64 = 60_000_000_000
    /// A reset that a provider promises for later than in a day is waited for no longer than this.
    static let resetMax = Duration.seconds(86_400)
    /// No amount counts for more: sums stay far from overflowing, whatever a provider claims to have used.
    static let amountMax = 1 << 40

    /// As configured.
    var limit: Int?
    private(set) var counted = RollingSum(slots: 61, width: .seconds(1))
    private(set) var told: Told?
    /// What went through before a limit was met that nobody had told of.
    private(set) var met: Met?

    init(limit: Int?) {
        self.limit = limit
    }

    /// From when on `amount` fits: exactly then, if nothing else happens; ``Instant/past`` if it does now.
    mutating func opening(for amount: Int, at now: Instant) -> Instant {
        advance(to: now)
        var opening = Instant.past
        if let limit {
            guard amount <= limit else { return Self.never }
            let excess = counted.sum - (limit - amount)
            if excess > 0 { opening = counted.departure(of: excess) }
        }
        if let told, amount > told.remaining {
            if limit == nil, let learnt = told.limit, amount > learnt { return Self.never }
            opening = max(opening, told.until)
        }
        return opening
    }

    /// Counts `amount`, whether it fits or not.
    mutating func reserve(_ amount: Int, at now: Instant) {
        advance(to: now)
        counted.add(min(amount, Self.amountMax))
        if let remaining = told?.remaining { told?.remaining = max(0, remaining - amount) }
    }

    /// Counts `used` instead of what was reserved at `past`. What the provider told stays as it is: its next
    /// reply will know better.
    mutating func settle(reserved: Int, used: Int, reservedAt past: Instant, at now: Instant) {
        guard used != reserved else { return }
        advance(to: now)
        let bounds = 0...Self.amountMax
        counted.correct(used.clamped(to: bounds) - reserved.clamped(to: bounds), at: past)
    }

    /// Gives back what was reserved at `past` and never sent.
    mutating func release(_ amount: Int, reservedAt past: Instant, at now: Instant) {
        settle(reserved: amount, used: 0, reservedAt: past, at: now)
    }

    /// Takes the provider's word; the newest reply's counts.
    mutating func correct(_ notice: LimitNotice, at now: Instant) {
        advance(to: now)
        let toldLimit = notice.limit.flatMap { $0 > 0 ? $0 : nil }
        let learnt = limit == nil ? toldLimit.map { $0 - counted.sum } : nil
        guard let remaining = notice.remaining ?? learnt else { return }
        let wait = min(notice.resetsIn ?? .nanoseconds(Self.span), Self.resetMax)
        told = Told(
            limit: toldLimit, remaining: max(0, min(remaining, toldLimit ?? .max)),
            until: now.advanced(by: wait))
    }

    /// An attempt that was counted met a limit, perhaps this one.
    mutating func meetLimit(at now: Instant) {
        advance(to: now)
        met = limitKnown == nil ? Met(amount: max(1, counted.sum - 1), at: now) : nil
    }

    /// In the last 60 seconds, by our count.
    mutating func used(at now: Instant) -> Int {
        advance(to: now)
        return counted.sum
    }

    /// As configured, else as learnt.
    var limitKnown: Int? { limit ?? told?.limit }

    /// The share that is free, 0...1; 1 where nothing limits.
    mutating func headroom(at now: Instant) -> Double {
        advance(to: now)
        guard let whole = limitKnown else { return told?.remaining == 0 ? 0 : 1 }
        let free = min(limit.map { $0 - counted.sum } ?? .max, told?.remaining ?? .max)
        return min(max(0, Double(free) / Double(whole)), 1)
    }

    mutating func advance(to now: Instant) {
        counted.advance(to: now)
        if let told, told.until <= now { reset(told, at: now) }
    }

    private mutating func reset(_ past: Told, at now: Instant) {
        guard limit == nil, let remaining = past.limit else {
            told = nil
            return
        }
        let late = now.nanoseconds - past.until.nanoseconds
        let next = past.until.nanoseconds + (late / Self.span + 1) * Self.span
        told = Told(limit: remaining, remaining: remaining, until: Instant(nanoseconds: next))
    }
}

extension Int {
    fileprivate func clamped(to bounds: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, bounds.lowerBound), bounds.upperBound)
    }
}
