import SignalboxCore

/// How a provider does: by the share of failures in the last 60 seconds, and by its latency against its own
/// past.
///
/// 480 bytes of outcomes and 800 of latencies, whatever the traffic.
struct HealthWindow: Sendable {
    /// Fewer replies than this within the window say nothing.
    static let repliesMin = 5
    static let degradedPercent = 30
    static let unhealthyPercent = 60
    /// The last so many answers' latencies are kept.
    static let latenciesMax = 100
    /// Of those, the newest so many are held against the mean of the others,
    static let recent = 10
    /// once there are so many in all,
    static let latenciesMin = 20
    /// and are slow when their mean is over so many times that of the others.
    static let slowFactor = 2
    /// and by no less than this, in nanoseconds: of answers within milliseconds, twice as long is noise.
    static let slowerMin: Int64 = 50_000_000
    /// The weight of the newest answer in ``latencyMean`` is one in so many.
    static let smoothing: Int64 = 8

    /// Exponentially weighted; nil before the first answer.
    var latencyMean: Duration? { count == 0 ? nil : .nanoseconds(mean) }

    private var outcomes = OutcomeWindow(span: .seconds(60))
    /// In nanoseconds, `place` being the next to be written.
    private var latencies: [Int64] = Array(repeating: 0, count: latenciesMax)
    private var place = 0
    private var count = 0
    private var recentSum: Int64 = 0
    private var earlierSum: Int64 = 0
    private var mean: Int64 = 0

    mutating func recordFailure(at now: Instant) {
        outcomes.record(failed: true, at: now)
    }

    mutating func recordAnswer(latency: Duration, at now: Instant) {
        outcomes.record(failed: false, at: now)
        // An hour is the longest: the sums stay far from overflowing.
        let newest = min(max(0, latency.nanoseconds), 3_600_000_000_000)
        mean = count == 0 ? newest : mean + (newest - mean) / Self.smoothing
        if count == Self.latenciesMax { earlierSum -= latencies[place] } else { count += 1 }
        if count > Self.recent {
            let ageing = latencies[place >= Self.recent ? place - Self.recent : wrapped(place)]
            recentSum -= ageing
            earlierSum += ageing
        }
        latencies[place] = newest
        recentSum += newest
        place = place + 1 == Self.latenciesMax ? 0 : place + 1
    }

    private func wrapped(_ place: Int) -> Int { place - Self.recent + Self.latenciesMax }

    mutating func health(at now: Instant) -> Health {
        let (all, failed) = outcomes.counts(at: now)
        guard all >= Self.repliesMin else { return .healthy }
        if failed * 100 >= all * Self.unhealthyPercent { return .unhealthy }
        return failed * 100 >= all * Self.degradedPercent || isSlow ? .degraded : .healthy
    }

    private var isSlow: Bool {
        guard count >= Self.latenciesMin else { return false }
        let earlier = Int64(count - Self.recent)
        let recent = Int64(Self.recent)
        return recentSum * earlier > Int64(Self.slowFactor) * recent * earlierSum
            && recentSum / recent - earlierSum / earlier >= Self.slowerMin
    }
}
