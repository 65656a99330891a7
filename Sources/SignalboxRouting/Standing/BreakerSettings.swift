/// When a breaker opens, and what closes it again.
public struct BreakerSettings: Sendable, Equatable {
    /// It opens after so many failures in a row.
    public var failures: Int
    /// Or when this share of the replies of `window` were failures, 0...1.
    public var errorRate: Double
    public var window: Duration
    /// So many replies must have been seen within `window` before their error rate counts.
    public var requestsMin: Int
    /// How long it stays open the first time; twice as long after each probe that failed.
    public var cooldown: Duration
    public var cooldownMax: Duration
    /// So many probes in a row must succeed before it closes.
    public var successes: Int
    /// A probe that has not been settled for so long loses its turn to the next.
    public var probeLease: Duration

    public init(
        failures: Int = 5, errorRate: Double = 0.5, window: Duration = .seconds(60), requestsMin: Int = 20,
        cooldown: Duration = .seconds(5), cooldownMax: Duration = .seconds(60), successes: Int = 2,
        probeLease: Duration = .seconds(60)
    ) {
        precondition(failures > 0 && requestsMin > 0 && successes > 0, "counts start at one")
        precondition(0...1 ~= errorRate, "a share")
        precondition(window > .zero && cooldown > .zero && probeLease > .zero, "times that pass")
        self.failures = failures
        self.errorRate = errorRate
        self.window = window
        self.requestsMin = requestsMin
        self.cooldown = cooldown
        self.cooldownMax = max(cooldown, cooldownMax)
        self.successes = successes
        self.probeLease = probeLease
    }
}
