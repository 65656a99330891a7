/// A provider as strategies see it.
public struct ProviderView: Sendable, Equatable {
    public var health: Health
    /// Exponentially weighted over its answers; nil before the first.
    public var latencyMean: Duration?
    /// The share of its tightest limit that is free, 0...1: of its own limits, and of those of its freest
    /// key. 1 where nothing limits. Where nobody tells of a limit, what went through before the last one that
    /// was met takes its place, and grows with time.
    public var headroom: Double
    /// How long until one of those limits is met, if requests go on as in the last 15 seconds; nil if none
    /// will be.
    public var fullIn: Duration?
    public var inFlight: Int
    /// At least one key could be admitted now.
    public var isOpen: Bool
    /// Its breaker is half-open: only a probe at a time is let through.
    public var isProbing: Bool

    public init(
        health: Health = .healthy, latencyMean: Duration? = nil, headroom: Double = 1,
        fullIn: Duration? = nil, inFlight: Int = 0, isOpen: Bool = true, isProbing: Bool = false
    ) {
        self.health = health
        self.latencyMean = latencyMean
        self.headroom = headroom
        self.fullIn = fullIn
        self.inFlight = inFlight
        self.isOpen = isOpen
        self.isProbing = isProbing
    }
}
