import SignalboxCore

// What strategies may expect of a window beyond what is known of it. Nothing is refused for it.
extension RateWindow {
    /// A limit that nobody tells of was met after so much had gone through in a minute.
    struct Met: Sendable {
        /// How long it takes until twice as much is thought possible: limits change, and our minute is not
        /// the provider's.
        static let doubling = Duration.seconds(600)

        let amount: Int
        let at: Instant

        func limit(at now: Instant) -> Int {
            let age = min(at.duration(to: now), Self.doubling * 4)
            return amount + amount * Int(age.nanoseconds / 1_000_000)
                / Int(Self.doubling.nanoseconds / 1_000_000)
        }
    }

    /// The share that is free of what is known, told or guessed, 0...1.
    mutating func room(at now: Instant) -> Double {
        let headroom = headroom(at: now)
        guard limitKnown == nil, let limit = met?.limit(at: now) else { return headroom }
        return min(headroom, Double(max(0, limit - counted.sum)) / Double(limit))
    }

    /// How long until the limit is met, if requests go on as in the last 15 seconds; nil if it will not be.
    ///
    /// Let U be what went through in the last 60 seconds, R that of the last 15, and L the limit, configured
    /// or guessed. If 60 s · R / 15 s is over L, the limit is met: what comes is r = R / 15 s, what leaves
    /// the window meanwhile (U − R) / 45 s, so it is met in (L − U) / (r − (U − R) / 45 s), within 45 s.
    /// Where the provider told what remains until its reset, that is used up after remaining / r, if no reset
    /// comes before.
    mutating func fullIn(at now: Instant) -> Duration? {
        advance(to: now)
        guard counted.recent > 0 else { return nil }
        let rate = Double(counted.recent) / Double(RollingSum.recentSlots)
        var seconds: Double?
        let guess = told == nil ? met?.limit(at: now) : nil
        if let limit = (limit ?? guess).map(Double.init), rate * 60 > limit {
            let leaving = Double(counted.sum - counted.recent) / Double(60 - RollingSum.recentSlots)
            // Below the limit and above it in the end: more comes than leaves.
            let free = limit - Double(counted.sum)
            seconds = free > 0 ? free / (rate - leaving) : 0
        }
        if let told {
            let used = Double(told.remaining) / rate
            if now.advanced(by: .seconds(used)) < told.until { seconds = min(used, seconds ?? used) }
        }
        return seconds.map { .nanoseconds(Int64($0 * 1e9)) }
    }

    static func sooner(_ one: Duration?, _ other: Duration?) -> Duration? {
        guard let one, let other else { return one ?? other }
        return min(one, other)
    }
}
