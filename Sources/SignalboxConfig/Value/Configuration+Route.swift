extension Configuration {
    /// One of `routes:`, or one made from the providers because the file lists none.
    public struct Route: Sendable, Equatable {
        /// How the targets are ordered for a request.
        public enum Strategy: String, Sendable, CaseIterable {
            /// As they stand in the file.
            case ordered
        }

        /// What clients ask for; unique.
        public var model: String
        /// Default `ordered`.
        public var strategy = Strategy.ordered
        /// 1 to 256.
        public var targets: [Target]
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
    }

    /// A provider, and which of its models to try in which order.
    public struct Target: Sendable, Equatable {
        /// The name of a configured provider.
        public var provider: String
        /// Never empty: all models of the provider, or the one that the target names.
        public var models: [String]

        public init(provider: String, models: [String]) {
            self.provider = provider
            self.models = models
        }
    }

    /// One of `tenants:`, someone who may call and is billed.
    public struct Tenant: Sendable, Equatable {
        /// The label in metrics and bills: one to 128 letters, digits, `.`, `_`, `:` or `-`; unique.
        public var id: String
        /// What the client sends as Bearer, 1 to 100; no two tenants share one.
        public var keys: [Key]
        /// Handed through to the usage records.
        public var platformKeyID: String?

        public init(id: String, keys: [Key], platformKeyID: String? = nil) {
            self.id = id
            self.keys = keys
            self.platformKeyID = platformKeyID
        }
    }
}
