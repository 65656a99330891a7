/// All that is known of a provider, for people.
public struct ProviderStatus: Sendable, Equatable {
    /// A limit and what is used of it; nil where there is none.
    public struct Usage: Sendable, Equatable {
        /// In the last 60 seconds.
        public var used: Int
        public var limit: Int?

        public init(used: Int, limit: Int?) {
            self.used = used
            self.limit = limit
        }
    }

    public struct BreakerStatus: Sendable, Equatable {
        public var state: BreakerState
        /// While it is open: how long until a probe may be tried.
        public var triedIn: Duration?

        public init(state: BreakerState, triedIn: Duration? = nil) {
            self.state = state
            self.triedIn = triedIn
        }
    }

    /// A key's exception for one model.
    public struct ModelException: Sendable, Equatable {
        public var model: String
        /// Nil for a rest.
        public var reason: OutReason?
        public var remaining: Duration

        public init(model: String, reason: OutReason?, remaining: Duration) {
            self.model = model
            self.reason = reason
            self.remaining = remaining
        }
    }

    public struct Key: Sendable, Equatable {
        public enum State: Sendable, Equatable {
            case good
            case resting(for: Duration)
            case out(OutReason, recheckIn: Duration)

            /// `good`, `resting` or the ``OutReason``.
            public var text: String {
                switch self {
                case .good: "good"
                case .resting: "resting"
                case .out(let reason, _): reason.rawValue
                }
            }
        }

        /// Its place.
        public var key: Int
        public var alias: String
        public var state: State
        public var breaker: BreakerStatus
        public var inFlight: Int
        public var requests: Usage
        public var tokens: Usage
        public var headroom: Double
        public var models: [ModelException]

        public init(
            key: Int, alias: String, state: State, breaker: BreakerStatus, inFlight: Int, requests: Usage,
            tokens: Usage, headroom: Double, models: [ModelException]
        ) {
            self.key = key
            self.alias = alias
            self.state = state
            self.breaker = breaker
            self.inFlight = inFlight
            self.requests = requests
            self.tokens = tokens
            self.headroom = headroom
            self.models = models
        }
    }

    public var health: Health
    public var breaker: BreakerStatus
    public var requests: Usage
    public var tokens: Usage
    public var headroom: Double
    public var latencyMean: Duration?
    public var inFlight: Int
    public var keys: [Key]
    /// Models that the provider does not have, as it said.
    public var modelsOut: [ModelException]

    public init(
        health: Health, breaker: BreakerStatus, requests: Usage, tokens: Usage, headroom: Double,
        latencyMean: Duration?, inFlight: Int, keys: [Key], modelsOut: [ModelException]
    ) {
        self.health = health
        self.breaker = breaker
        self.requests = requests
        self.tokens = tokens
        self.headroom = headroom
        self.latencyMean = latencyMean
        self.inFlight = inFlight
        self.keys = keys
        self.modelsOut = modelsOut
    }
}
