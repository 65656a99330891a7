public import SignalboxProviders

extension Configuration {
    /// What someone or something may be given: a provider, one of its keys, a tenant.
    public struct Limits: Sendable, Equatable {
        /// `rpm`: requests in any 60 seconds, 1 to 1,000,000. Default nil: any number.
        public var requestsPerMinute: Int?
        /// `tpm`: tokens in any 60 seconds, 1 to 1,000,000,000. Default nil: any number.
        public var tokensPerMinute: Int?
        /// Requests at one time, 1 to 100,000. Default nil: any number.
        public var concurrency: Int?

        public init(
            requestsPerMinute: Int? = nil, tokensPerMinute: Int? = nil, concurrency: Int? = nil
        ) {
            self.requestsPerMinute = requestsPerMinute
            self.tokensPerMinute = tokensPerMinute
            self.concurrency = concurrency
        }
    }

    /// `providers[].breaker`: when a provider that fails is left alone, and how it comes back.
    public struct Breaker: Sendable, Equatable {
        /// Failures one after the other that open it: 1 to 1,000,000. Default 5.
        public var failures = 5
        /// The part of ``window``'s attempts whose failing opens it: above 0, at most 1. Default 0.5.
        public var errorRate = 0.5
        /// What ``errorRate`` looks back on: 1 s to 1 h. Default 60 s.
        public var window = Duration.seconds(60)
        /// Attempts in the window before ``errorRate`` says anything: 1 to 1,000,000. Default 20.
        public var requestsMin = 20
        /// From its opening to the first probe: 1 ms to 1 h. Doubles with each failed probe. Default 5 s.
        public var cooldown = Duration.seconds(5)
        /// What ``cooldown`` doubles up to: ``cooldown`` to 24 h. Default 60 s.
        public var cooldownMax = Duration.seconds(60)
        /// Probes in a row that must succeed before it closes: 1 to 1,000. Default 2.
        public var successes = 2

        public init() {}
    }
}

extension GigaChatScope {
    /// How many requests the vendor answers at one time for one key: 1 where a person may have bought it.
    public var streamsMax: Int {
        switch self {
        case .auto, .personal: 1
        case .business, .corporate: 10
        }
    }
}
