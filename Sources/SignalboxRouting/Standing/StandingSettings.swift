/// What the configuration says of one provider's limits and of the patience with it.
public struct StandingSettings: Sendable, Equatable {
    /// Limits that we keep to, whatever the provider would allow; nil where there is none.
    public struct Limits: Sendable, Equatable {
        /// In any 60 seconds.
        public var requestsPerMinute: Int?
        /// In any 60 seconds, of both sides together.
        public var tokensPerMinute: Int?
        /// Attempts in flight at once.
        public var concurrency: Int?

        public init(requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrency: Int? = nil) {
            let all = [requestsPerMinute, tokensPerMinute, concurrency]
            precondition(all.allSatisfy { $0.map { $0 > 0 } ?? true }, "a limit lets something through")
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
            self.concurrency = concurrency
        }
    }

    /// Of the provider as a whole.
    public var limits: Limits
    /// Of each of its keys.
    public var keyLimits: Limits
    /// A key of which the provider says that fewer tokens remain rests until they are there again; 0: off.
    public var tokensFloor: Int
    /// Of the provider's breaker, and of each key's own.
    public var breaker: BreakerSettings
    /// After this a key that is out is tried again, a model that was not found, and a key's access to a
    /// model.
    public var keyRecheck: Duration

    public init(
        limits: Limits = Limits(), keyLimits: Limits = Limits(), tokensFloor: Int = 0,
        breaker: BreakerSettings = BreakerSettings(), keyRecheck: Duration = .seconds(900)
    ) {
        precondition(tokensFloor >= 0 && keyRecheck > .zero, "a floor and a time")
        self.limits = limits
        self.keyLimits = keyLimits
        self.tokensFloor = tokensFloor
        self.breaker = breaker
        self.keyRecheck = keyRecheck
    }
}
