/// How a provider fares, from its last answers: what health-aware strategies and dashboards ask.
public enum Health: String, Sendable, CaseIterable {
    case healthy, degraded, unhealthy
}

/// What strategies see of a provider at one moment.
public struct ProviderView: Sendable, Equatable {
    public var health: Health
    /// Of whole attempts, moving (EMA); nil before the first.
    public var latencyMean: Duration?
    /// The share of its limits that would be left with the request at hand, 0...1; 1 without limits.
    public var headroom: Double
    /// Attempts that are running.
    public var inFlight: Int
    /// Whether an attempt would be let through now.
    public var isOpen: Bool
    /// Whether that attempt would be a probe.
    public var isProbing: Bool

    public init(
        health: Health = .healthy, latencyMean: Duration? = nil, headroom: Double = 1, inFlight: Int = 0,
        isOpen: Bool = true, isProbing: Bool = false
    ) {
        self.health = health
        self.latencyMean = latencyMean
        self.headroom = headroom
        self.inFlight = inFlight
        self.isOpen = isOpen
        self.isProbing = isProbing
    }
}
