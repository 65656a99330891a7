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

/// Which key it is, across reloads of the configuration: never the secret itself.
public struct KeyIdentity: Hashable, Sendable {
    public let alias: String
    /// Of the secret: another one behind the same alias is another key.
    public let fingerprint: UInt64

    public init(alias: String, fingerprint: UInt64) {
        self.alias = alias
        self.fingerprint = fingerprint
    }
}

/// Where the keys and models of a configuration stand in a ``ProviderStanding``, in the order in which they
/// were named.
public struct Places: Sendable, Equatable {
    public let keys: [Int]
    public let models: [Int]

    public init(keys: [Int], models: [Int]) {
        self.keys = keys
        self.models = models
    }
}
