public import SignalboxCore

/// What counts for how much in an `adaptive` score.
public struct ScoreWeights: Sendable, Equatable {
    public var capacity: Double
    public var latency: Double
    /// Of the target's configured weight.
    public var weight: Double

    public init(capacity: Double, latency: Double, weight: Double) {
        self.capacity = capacity
        self.latency = latency
        self.weight = weight
    }
}

/// The score's weights for each priority; `critical` has those of `high`.
public struct AdaptiveWeights: Sendable, Equatable {
    public var high: ScoreWeights
    public var normal: ScoreWeights
    public var low: ScoreWeights

    public init(
        high: ScoreWeights = ScoreWeights(capacity: 0.5, latency: 0.4, weight: 0.1),
        normal: ScoreWeights = ScoreWeights(capacity: 0.5, latency: 0.3, weight: 0.2),
        low: ScoreWeights = ScoreWeights(capacity: 0.3, latency: 0.1, weight: 0.6)
    ) {
        self.high = high
        self.normal = normal
        self.low = low
    }

    public subscript(priority: RequestPriority) -> ScoreWeights {
        switch priority {
        case .critical, .high: high
        case .normal: normal
        case .low: low
        }
    }
}
