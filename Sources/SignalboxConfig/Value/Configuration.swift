/// Everything an operator may set, checked: no field can hold a value that its comment rules out.
///
/// Made by ``ConfigurationLoader``; an embedder may also fill one in by hand, every field has its default.
public struct Configuration: Sendable, Equatable {
    /// The public listener and what it allows a client.
    public var server = Server()
    /// The listener for `/metrics` and administration.
    public var admin = Admin()
    public var logging = Logging()
    public var tracing = Tracing()
    public var metrics = Metrics()
    /// What all routes share.
    public var routing = Routing()
    /// How the providers' keys are checked. Nil: only those of providers that say so themselves.
    public var keyChecks: KeyChecks? = KeyChecks()
    /// Where telemetry is sent to. Default nil: nowhere.
    public var otlp: OTLP?
    /// In the file's order; names are unique. Never empty when it comes from a loader.
    public var providers: [Provider] = []
    /// Every model a client can ask for; names are unique. Made from the providers when the file lists none.
    public var routes: [Route] = []
    /// Who may call; empty means anyone.
    public var tenants: [Tenant] = []
    /// What models cost. Default nil: nothing is priced.
    public var prices: Prices?
    /// The record that every attempt leaves.
    public var usage = Usage()
    /// What deliveries of such records have in common.
    public var webhooks = Webhooks()
    /// Where state is kept on disk; relative to the working directory. Default `./data`.
    public var dataDirectory = "./data"
    /// Whether the file may hold secrets instead of references to them. Default false.
    public var allowsLiteralSecrets = false

    public init() {}

    /// The provider of that name, which a route's target always has.
    public func provider(named name: String) -> Provider? {
        providers.first { $0.name == name }
    }

    /// What `lowest-cost` takes a target to cost: its first model's price. Where that has none of its own,
    /// the price book has the word: see ``priceHistory(of:at:)``.
    public func price(of target: Target) -> Price? {
        guard let model = target.models.first else { return nil }
        return provider(named: target.provider)?.model(named: model)?.price
    }

    /// The route for what a client asked for; nil for an unknown model.
    public func route(for model: String) -> Route? {
        routes.first { $0.model == model }
    }
}

extension Configuration {
    /// `logging:`
    public struct Logging: Sendable, Equatable {
        public enum Level: String, Sendable, CaseIterable, Comparable {
            case trace, debug, info, warning, error

            public static func < (left: Level, right: Level) -> Bool {
                left.severity < right.severity
            }

            private var severity: Int {
                switch self {
                case .trace: 0
                case .debug: 1
                case .info: 2
                case .warning: 3
                case .error: 4
                }
            }
        }

        public enum Format: String, Sendable, CaseIterable {
            case json, text
        }

        /// The least severe level that is written. Default `info`; without one in the file, the environment's
        /// `IN_DEPTH_DEBUG` makes it `trace` and `DEBUG` makes it `debug`.
        public var level = Level.info
        /// Default `json`.
        public var format = Format.json
        /// Whether a request's last line has its prompt and its answer, cut at 8 KiB each and with what looks
        /// like a credential masked. Default false.
        public var logsContent = false

        public init() {}
    }
}
