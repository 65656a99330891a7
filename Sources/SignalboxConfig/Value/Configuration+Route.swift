public import SignalboxCore

extension Configuration {
    /// One of `routes:`, or one made from the providers because the file lists none.
    public struct Route: Sendable, Equatable {
        /// How the targets of one tier are ordered for a request.
        public enum Strategy: String, Sendable, CaseIterable {
            /// As they stand in the file.
            case ordered
            /// Each in its turn.
            case roundRobin = "round-robin"
            /// By chance, all alike.
            case random
            /// By chance, in the proportion of their weights.
            case weighted
            /// The first in the file that can take the request now, then round from there.
            case firstAvailable = "first-available"
            /// Of those that can take it now: healthy ones before degraded ones, then the quickest.
            case bestAvailable = "best-available"
            /// By a score of capacity, latency and weight: see ``Route/adaptive``.
            case adaptive
            /// The one with the smallest share of its `concurrency` in flight.
            case leastBusy = "least-busy"
            /// The cheapest for this request: see ``Configuration/price(of:)``.
            case lowestCost = "lowest-cost"

            /// Whether ``Target/weight`` may stand beside it. `ordered` makes no use of it and lets it stand:
            /// that is where a strategy is switched off for a while.
            public var takesWeights: Bool {
                switch self {
                case .ordered, .weighted, .adaptive: true
                case .roundRobin, .random, .firstAvailable, .bestAvailable, .leastBusy, .lowestCost: false
                }
            }
        }

        /// What happens to an answer that breaks off after its first delta.
        public enum Interruption: String, Sendable, CaseIterable {
            /// It ends in an error event.
            case error
            /// It was held back and is made anew elsewhere: callers get whole answers, later.
            case hold
            /// Another candidate goes on from what was sent.
            case `continue`
        }

        /// What clients ask for; unique.
        public var model: String
        /// Default `ordered`.
        public var strategy = Strategy.ordered
        /// 1 to 256.
        public var targets: [Target]
        /// Instead of ``targets``, for requests of that priority; each 1 to 256. Default none.
        public var targetsByPriority: [RequestPriority: [Target]] = [:]
        /// What `adaptive` weighs.
        public var adaptive = Adaptive()
        /// Default `error`.
        public var onInterrupt = Interruption.error
        /// How much ``Interruption/hold`` holds back.
        public var hold = Hold()
        /// A key of the first provider that rests no longer than this is waited for, once, before the request
        /// goes to the next provider: 0 to 1 h, less than ``requestTimeout``. Default 0.
        public var waitForPreferred = Duration.zero
        /// After how long without an answer a second candidate is asked as well: 1 ms to 1 h, less than
        /// ``requestTimeout``. Default nil: never.
        public var hedgeAfter: Duration?
        /// Whether requests of one session go to the target that answered the last one. Default true.
        public var keepsSessions = true
        /// Attempts at providers for one request, retries included: 1 to 64. Default 8.
        public var attemptsMax = 8
        /// The request's one deadline: the route's own or else the server's.
        public var requestTimeout: Duration
        /// Whether it was made from the providers rather than written in the file.
        public var isImplicit: Bool

        public init(
            model: String, targets: [Target], requestTimeout: Duration = .seconds(120),
            isImplicit: Bool = false
        ) {
            self.model = model
            self.targets = targets
            self.requestTimeout = requestTimeout
            self.isImplicit = isImplicit
        }

        /// Where requests of that priority go.
        public func targets(for priority: RequestPriority) -> [Target] {
            targetsByPriority[priority] ?? targets
        }
    }

    /// A provider, and which of its models to try in which order.
    public struct Target: Sendable, Equatable {
        /// The name of a configured provider.
        public var provider: String
        /// Never empty: all models of the provider, or the one that the target names.
        public var models: [String]
        /// Its share where the strategy is `weighted` or `adaptive`: 0 to 10,000. One of 0 comes
        /// last. Default 1.
        public var weight = 1.0
        /// Its tier: 0 to 100. Lower tiers come first, whatever the strategy. Default 0.
        public var priority = 0

        public init(provider: String, models: [String], weight: Double = 1, priority: Int = 0) {
            self.provider = provider
            self.models = models
            self.weight = weight
            self.priority = priority
        }
    }

    /// `routes[].adaptive`: what counts how much in the score of a target, by the request's priority.
    public struct Adaptive: Sendable, Equatable {
        /// Each 0 to 1, not all 0: only their proportion counts.
        public struct Weights: Sendable, Equatable {
            /// Of what the target's limits leave free.
            public var capacity: Double
            /// Of how quickly it answers.
            public var latency: Double
            /// Of the target's own weight.
            public var weight: Double

            public init(capacity: Double, latency: Double, weight: Double) {
                self.capacity = capacity
                self.latency = latency
                self.weight = weight
            }
        }

        /// For `critical` and `high`. Default 0.5, 0.4, 0.1.
        public var high = Weights(capacity: 0.5, latency: 0.4, weight: 0.1)
        /// Default 0.5, 0.3, 0.2.
        public var normal = Weights(capacity: 0.5, latency: 0.3, weight: 0.2)
        /// Default 0.3, 0.1, 0.6.
        public var low = Weights(capacity: 0.3, latency: 0.1, weight: 0.6)

        public init() {}

        public subscript(priority: RequestPriority) -> Weights {
            switch priority {
            case .critical, .high: high
            case .normal: normal
            case .low: low
            }
        }
    }

    /// `routes[].hold`: how much of an answer is held back before it goes out all the same.
    public struct Hold: Sendable, Equatable {
        /// Bytes of one answer: 1 KiB to 1 GiB. Default 1 MiB.
        public var bytesMax = 1 << 20
        /// From the attempt's first delta: 1 ms to 1 h. Default 60 s.
        public var time = Duration.seconds(60)

        public init() {}
    }

    /// One of `tenants:`, someone who may call and is billed.
    public struct Tenant: Sendable, Equatable {
        /// The label in metrics and bills: one to 128 letters, digits, `.`, `_`, `:` or `-`; unique.
        public var id: String
        /// What the client sends as Bearer, 1 to 100; no two tenants share one.
        public var keys: [Key]
        /// Handed through to the usage records.
        public var platformKeyID: String?
        /// What may be asked for under this name, all keys together. Default: no limits.
        public var limits = Limits()
        /// Where its usage records are delivered to. Default nil: nowhere.
        public var webhook: Webhook?
        /// What it may use up, all keys together; at most 8, no two of which say the same. Default none.
        public var budgets: [Budget] = []
        /// What each of its keys may use up, likewise.
        public var keyBudgets: [Budget] = []

        public init(id: String, keys: [Key], platformKeyID: String? = nil) {
            self.id = id
            self.keys = keys
            self.platformKeyID = platformKeyID
        }
    }
}
