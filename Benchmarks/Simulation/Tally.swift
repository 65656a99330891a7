import SignalboxCore

/// What came of one strategy's run.
public struct Tally: Sendable {
    public internal(set) var requests = 0
    public internal(set) var answered = 0
    /// Ended in an error for the caller.
    public internal(set) var exhausted = 0
    /// Of those: found every candidate at a limit of ours, where there is no line to wait in.
    public internal(set) var shed = 0
    public internal(set) var attempts = 0
    /// Attempts that brought no answer, rate limits included.
    public internal(set) var wasted = 0
    /// Attempts that the provider answered with 429: limits violated.
    public internal(set) var rateLimits = 0
    /// Answers by provider.
    public internal(set) var answers: [Int]
    /// 429s by provider.
    public internal(set) var limited: [Int]
    var latencies: [Int64] = []

    init(providers: Int) {
        answers = Array(repeating: 0, count: providers)
        limited = answers
    }

    public var successRate: Double { Double(answered) / Double(max(1, requests)) }
    /// Of answered requests, failed attempts and pauses before them included.
    public var latencyMean: Duration {
        .nanoseconds(latencies.reduce(0, +) / Int64(max(1, latencies.count)))
    }

    public func latency(quantile: Double) -> Duration {
        guard !latencies.isEmpty else { return .zero }
        let sorted = latencies.sorted()
        return .nanoseconds(sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))])
    }
}
