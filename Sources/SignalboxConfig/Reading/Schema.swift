import SignalboxCore

/// Which keys stand where in the file. docs/configuration.md explains each, and a test holds it to this list.
enum Schema: String, CaseIterable {
    case root = ""
    case server = "server"
    case tls = "server.tls"
    case admin = "admin"
    case basicAuth = "admin.basic_auth"
    case logging = "logging"
    case tracing = "tracing"
    case metrics = "metrics"
    case routing = "routing"
    case queue = "routing.queue"
    case affinity = "routing.affinity"
    case keyChecks = "key_checks"
    case provider = "providers[]"
    case model = "providers[].models[]"
    case price = "providers[].models[].price"
    case limits = "providers[].limits"
    case keyLimits = "providers[].key_limits"
    case breaker = "providers[].breaker"
    case providerKeyChecks = "providers[].key_checks"
    case timeouts = "providers[].timeouts"
    case mock = "providers[].mock"
    case route = "routes[]"
    case target = "routes[].targets[]"
    case byPriority = "routes[].by_priority"
    case adaptive = "routes[].adaptive"
    case hold = "routes[].hold"
    case tenant = "tenants[]"
    case tenantLimits = "tenants[].limits"
    case webhook = "tenants[].webhook"
    case batch = "tenants[].webhook.batch"
    case retry = "tenants[].webhook.retry"
    case budget = "tenants[].budgets[]"
    case usage = "usage"
    case drain = "usage.drain"
    case webhooks = "webhooks"
    case operatorWebhook = "webhooks.operator"
    case otlp = "otlp"
    case otlpMetrics = "otlp.metrics"
    case otlpTraces = "otlp.traces"
    case otlpLogs = "otlp.logs"
    case prices = "prices"
    case priceFile = "the prices file"
    case priceEntry = "an entry of the prices file"

    var keys: [String] {
        switch self {
        case .root:
            [
                "server", "admin", "logging", "tracing", "metrics", "routing", "key_checks", "providers",
                "routes", "tenants", "usage", "webhooks", "otlp", "prices", "data_dir",
                "allow_literal_secrets",
            ]
        case .server:
            [
                "listen", "threads", "body_max", "header_max", "header_timeout", "body_timeout",
                "idle_timeout",
                "write_timeout", "request_timeout", "connections_max", "drain_timeout", "allow_anonymous",
                "tls",
            ]
        case .tls: ["certificate", "key"]
        case .admin: Self.adminKeys
        case .basicAuth: ["username", "password"]
        case .logging: ["level", "format", "log_content"]
        case .tracing: ["sample_ratio", "propagate"]
        case .metrics: ["semconv"]
        case .routing: ["seed", "queue", "affinity"]
        case .queue: ["max", "wait", "aging"]
        case .affinity: ["ttl", "sessions_max"]
        case .provider:
            [
                "name", "kind", "base_url", "keys", "models", "limits", "key_limits", "breaker",
                "key_recheck", "key_checks", "timeouts", "ca_file", "reply_max", "headers",
                "drop_unsupported", "scope", "auth_url", "folder", "auth", "mock",
            ]
        case .model: ["name", "context_window", "price"]
        case .price: ["input", "output", "currency"]
        case .limits, .tenantLimits: Self.limitKeys
        case .keyLimits: Self.limitKeys + ["tokens_floor"]
        case .breaker:
            [
                "failures", "error_rate", "window", "requests_min", "cooldown", "cooldown_max", "successes",
            ]
        case .keyChecks, .providerKeyChecks: Self.keyCheckKeys
        case .timeouts: ["connect", "first_token", "idle", "total"]
        case .mock: ["latency", "chunks", "chunk_interval", "text", "cut_after"]
        case .route: Self.routeKeys
        case .target: ["provider", "model", "weight", "priority"]
        case .byPriority: RequestPriority.allCases.map(\.rawValue)
        case .adaptive: ["high", "normal", "low"]
        case .hold: ["bytes_max", "time"]
        case .tenant:
            ["id", "keys", "platform_key_id", "limits", "budgets", "key_budgets", "webhook"]
        case .webhook: Self.webhookKeys
        case .batch: ["records", "bytes", "delay"]
        case .retry: ["first", "max"]
        case .budget: ["amount", "currency", "tokens", "per", "warn_at", "unpriced"]
        case .usage: ["durability", "on_full", "size_max", "retention", "drain"]
        case .drain: ["time", "bytes_max", "max"]
        case .webhooks: ["allow", "concurrency", "operator"]
        case .operatorWebhook: Self.operatorKeys
        case .otlp: Self.destination + ["flush_timeout", "signals", "resource"] + Self.signals
        case .otlpMetrics: Self.destination + ["interval", "histograms"]
        case .otlpTraces, .otlpLogs: Self.destination + ["queue", "batch", "delay"]
        case .prices: ["file"]
        case .priceFile: ["version", "prices"]
        case .priceEntry:
            [
                "kind", "provider", "model", "currency", "valid_from", "input", "output", "cached_input",
                "cache_write", "reasoning",
            ]
        }
    }

    private static let adminKeys = [
        "listen", "token", "basic_auth", "metrics_auth", "tls", "scrapes_max", "scrape_freshness",
    ]

    private static let routeKeys = [
        "model", "strategy", "targets", "by_priority", "adaptive", "on_interrupt", "hold",
        "wait_for_preferred", "hedge_after", "affinity", "attempts_max", "request_timeout",
    ]

    private static let operatorKeys = [
        "url", "secret", "secrets", "encoding", "timeout", "retry", "give_up_after", "headers", "ca_file",
    ]

    private static let webhookKeys = [
        "url", "secret", "secrets", "format", "encoding", "bare", "batch", "concurrency", "timeout",
        "retry", "give_up_after", "headers", "ca_file", "event_type", "source", "code", "subscription",
    ]

    private static let keyCheckKeys = ["interval", "jitter", "timeout", "retry", "requests_per_minute"]

    private static let limitKeys = ["rpm", "tpm", "concurrency"]

    /// What can be said for all signals, and for one.
    private static let destination = [
        "endpoint", "headers", "compression", "timeout", "export_timeout", "retry_delay", "ca_file",
        "client_certificate", "client_key",
    ]

    private static let signals = ["metrics", "traces", "logs"]

    /// How many steps from the top the two places have in common.
    func kinship(with other: Schema) -> Int {
        zip(rawValue.split(separator: "."), other.rawValue.split(separator: ".")).prefix { $0 == $1 }.count
    }

    /// How a message calls the place.
    var place: String {
        self == .root ? "the file's top level" : rawValue
    }
}

/// What the design promises and this version refuses. Building a thing is deleting its row.
enum NotBuilt {
    static let keys: [(place: Schema, key: String)] = []

    static let kinds: [String] = []
}
