public import SignalboxCore
public import SignalboxProviders

extension Configuration {
    /// One of `providers:`.
    public struct Provider: Sendable, Equatable {
        /// The label in metrics, logs and bills: `[a-z0-9][a-z0-9_-]{0,63}`, unique.
        public var name: String
        public var kind: ProviderKind
        /// Where calls go: the kind's own address unless the file names another. Nil for `mock` alone.
        public var baseURL: BaseURL?
        /// In the order in which they are tried. May be empty where the provider wants none; at most 1,000.
        public var keys: [Key]
        /// In the order in which they are tried; 1 to 1,000, unique.
        public var models: [Model]
        /// What the provider as a whole may be given at once. Default: no limits.
        public var limits = Limits()
        /// The same for each of its keys. Default: no limits; for `gigachat` the streams that ``scope``
        /// allows.
        public var keyLimits: Limits
        /// A key of which the provider says that fewer tokens remain is left before it fails: 0 to
        /// 1,000,000,000. Default 0: it is used until it fails.
        public var keyTokensFloor = 0
        public var breaker = Breaker()
        /// After how long a key that is out (invalid, without credit) is tried again: 1 s to 24 h. Default
        /// 15 min.
        public var keyRecheck = Duration.seconds(900)
        /// Means nothing to the kinds `mock` and `custom`. Default: as the configuration says.
        public var keyChecks = ProviderKeyChecks.inherited
        public var timeouts = Timeouts()
        /// A PEM file of certificate authorities that replaces the system's. Default nil: the system's.
        public var certificateAuthorityFile: String?
        /// Largest reply accepted, in bytes: 1 KiB to 1 GiB. Default 32 MiB.
        public var replyBytesMax = 32 << 20
        /// Sent with every call, sorted by name; at most 64.
        public var headers: [Header] = []
        /// Leave out of requests what the vendor cannot express, instead of refusing them. Default false.
        public var dropsUnsupported = false
        /// Where tokens are asked for, whole; for `gigachat` alone. Default nil: the vendor's own address.
        public var tokenURL: BaseURL?
        /// What a key was sold for; for `gigachat` alone. Default `auto`: found by trying.
        public var scope = GigaChatScope.auto
        /// Whose folder pays; for `yandexgpt`, which needs it, alone.
        public var folder: String?
        /// How keys are presented; for `yandexgpt` alone. Default nil: by what each looks like.
        public var authentication: YandexGPTAuthentication?
        /// How a mock behaves; nil for every other kind.
        public var mock: Mock?

        public init(
            name: String, kind: ProviderKind, baseURL: BaseURL? = nil, keys: [Key] = [], models: [Model]
        ) {
            self.name = name
            self.kind = kind
            self.baseURL = baseURL
            self.keys = keys
            self.models = models
            keyLimits = Limits(concurrency: kind == .gigachat ? scope.streamsMax : nil)
            mock = kind == .mock ? Mock() : nil
        }

        public var modelNames: [String] { models.map(\.name) }

        /// The model of that name, which a target's always is.
        public func model(named name: String) -> Model? {
            models.first { $0.name == name }
        }
    }

    /// A key under the name by which metrics and logs know it.
    public struct Key: Sendable, Equatable {
        /// `<owner>-<n>`, n counted from 0 in the file's order.
        public var alias: String
        /// Visible ASCII, never empty: it can stand in a header as it is.
        public var secret: Secret

        public init(alias: String, secret: Secret) {
            self.alias = alias
            self.secret = secret
        }
    }

    /// A header that is sent with every call to a provider.
    public struct Header: Sendable, Equatable {
        /// Lower case.
        public var name: String
        /// Free of control characters.
        public var value: Secret

        /// Whether its name says that its value is a secret.
        public var isConfidential: Bool { Self.isConfidential(name) }

        static func isConfidential(_ name: String) -> Bool {
            ["auth", "cookie", "key", "password", "secret", "token"].contains(where: name.contains)
        }

        public init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// `providers[].timeouts`: how long one attempt may take, each 1 ms to 1 h.
    public struct Timeouts: Sendable, Equatable {
        /// Until the connection stands, TLS included. Default 2 s.
        public var connect = Duration.seconds(2)
        /// From the attempt's start until the head of the reply. Default 30 s.
        public var firstToken = Duration.seconds(30)
        /// After the head, between two pieces of a reply. Default 30 s.
        public var idle = Duration.seconds(30)
        /// For the whole attempt; it cuts the others short. Default 120 s.
        public var total = Duration.seconds(120)

        public init() {}
    }

    /// `providers[].mock`: what a mock provider's replies are like.
    public struct Mock: Sendable, Equatable {
        /// Until the first byte: 0 to 10 min. Default 0.
        public var latency = Duration.zero
        /// Into how many pieces a streamed reply is cut: 1 to 10,000. Default 4.
        public var chunks = 4
        /// Between two pieces: 0 to 10 min. Default 0.
        public var chunkInterval = Duration.zero
        /// What every reply says, at most 64 KiB. Default nil: the mock's own text.
        public var text: String?
        /// How many pieces the models `mock-cut` and `mock-stall` send first: 0 to 10,000. Default nil: the
        /// mock's own, 2.
        public var cutAfter: Int?

        public init() {}
    }
}
