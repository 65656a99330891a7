import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// Every metric and log line of the server: nothing else here names one.
struct ServerEvents: ServerObserver {
    let logger: Logger
    private let registry: MetricRegistry
    private let connections: Gauge
    private let refused: Counter
    private let rejections: CounterFamily
    private let lag: Histogram
    private let validations: CounterFamily

    init(registry: MetricRegistry, logger: Logger) {
        self.logger = logger
        self.registry = registry
        connections = registry.gauge(Catalogue.connections).series()
        refused = registry.counter(Catalogue.connectionsRefused).series()
        lag = registry.histogram(Catalogue.eventLoopLag).series()
        rejections = registry.counter(Catalogue.requestsRejected)
        for reason in RejectionReason.allCases {
            rejections.series(reason.rawValue).increment(by: UInt64(0))
        }
        validations = registry.counter(Catalogue.keyValidations)
        for outcome in ValidationOutcome.allCases { _ = validations.series(outcome.rawValue) }
    }

    func watch(_ loops: [EventLoop]) {
        let lag = lag
        for loop in loops { loop.reportLateness { lag.observe($0) } }
    }

    func connectionOpened() {
        connections.increment()
    }

    func connectionClosed() {
        connections.decrement()
    }

    func rejected(_ reason: RejectionReason) {
        rejections.series(reason.rawValue).increment()
        if reason == .connectionLimit { refused.increment() }
    }

    func turnedAway(_ asked: AskedRequest, _ error: ErrorObject, _ outcome: ClientOutcome) {
        logger.log(.info, "llm_request_failed", requestID: asked.id, trace: asked.trace.context) { fields in
            fields.string("outcome", outcome.rawValue)
            fields.int("status", error.status)
            fields.string("error_type", error.code)
            fields.string("error", error.message)
        }
    }

    /// Somebody asked about a key that is none of the configuration's.
    func validated(_ found: KeyValidation, _ requestID: String) {
        validations.series(ValidationOutcome(found.verdict).rawValue).increment()
        logger.log(.info, "key_validated", requestID: requestID) { fields in
            fields.string("provider", found.provider)
            fields.string("state", found.report.state.rawValue)
            fields.string("code", found.report.code.rawValue)
            fields.bool("confirmed", found.isConfirmed)
            if let status = found.report.status { fields.int("status", status) }
            fields.milliseconds("elapsed_ms", found.elapsed)
        }
    }

    func validationRefused() {
        validations.series(ValidationOutcome.busy.rawValue).increment()
    }

    func listening(_ listener: StaticString, _ address: ListenAddress) {
        logger.log(.info, "listening") { fields in
            fields.string("listener", listener)
            fields.string("address", "\(address)")
        }
    }

    /// A daemon that runs has taken on another configuration.
    func reloaded(_ change: ConfigurationChange, at now: WallTime) {
        registry.gauge(Catalogue.configLastReloadSuccessful).series().set(1)
        let seconds = Double(now.nanosecondsSince1970) / 1e9
        registry.gauge(Catalogue.configLastReloadSuccessTimestamp).series().set(seconds)
        logger.log(.info, "config_reloaded") { fields in
            func list(_ name: StaticString, _ names: [String]) {
                if !names.isEmpty { fields.strings(name, names) }
            }
            list("providers_added", change.providers.added)
            list("providers_removed", change.providers.removed)
            if !change.providers.changed.isEmpty {
                fields.array("providers_changed", change.providers.changed) { name, fields in
                    fields.string("provider", name)
                    fields.strings("settings", change.providerSettings[name] ?? [])
                }
            }
            list("models_added", change.models.added)
            list("models_removed", change.models.removed)
            list("keys_added", change.keys.added)
            list("keys_removed", change.keys.removed)
            list("keys_changed", change.keys.changed)
            list("routes_added", change.routes.added)
            list("routes_removed", change.routes.removed)
            list("routes_changed", change.routes.changed)
            list("tenants_added", change.tenants.added)
            list("tenants_removed", change.tenants.removed)
            list("tenants_changed", change.tenants.changed)
            list("settings", change.settings)
        }
        guard !change.needsRestart.isEmpty else { return }
        logger.log(.warning, "config_needs_restart") { $0.strings("settings", change.needsRestart) }
    }

    /// The configuration was refused: the one before stays in force.
    func reloadFailed(_ refused: ConfigurationMistakes) {
        registry.gauge(Catalogue.configLastReloadSuccessful).series().set(0)
        logger.log(.error, "config_reload_failed") { fields in
            fields.int("count", refused.mistakes.count + refused.omitted)
            fields.array("mistakes", refused.mistakes) { mistake, fields in
                fields.string("file", mistake.file)
                fields.int("line", mistake.line)
                fields.int("column", mistake.column)
                if !mistake.path.isEmpty { fields.string("path", mistake.path) }
                fields.string("problem", mistake.problem)
                fields.string("remedy", mistake.remedy)
            }
        }
    }

    /// There is no file behind the configuration, and no environment.
    func nothingToReload() {
        logger.log(.warning, "config_reload_ignored") { $0.string("reason", "there is nothing to reload") }
    }

    func draining(_ limit: Duration) {
        logger.log(.info, "draining") { $0.milliseconds("limit_ms", limit) }
    }

    func stopped() {
        logger.log(.info, "stopped")
    }
}

/// What became of somebody's question about a key.
enum ValidationOutcome: String, CaseIterable {
    case good, bad, unclear
    /// Not asked: as many are under way as may be.
    case busy

    init(_ verdict: KeyValidation.Verdict) {
        switch verdict {
        case .good: self = .good
        case .bad: self = .bad
        case .unclear: self = .unclear
        }
    }
}

/// What scraping the metrics itself costs. Every series starts at 0, so that scrapes add none.
struct ScrapeEvents: Sendable {
    private let results: CounterFamily
    private let duration: Histogram
    private let bytes: CounterFamily

    init(registry: MetricRegistry) {
        results = registry.counter(Catalogue.scrapes)
        duration = registry.histogram(Catalogue.scrapeDuration).series()
        bytes = registry.counter(Catalogue.expositionBytes)
        for result in ScrapeResult.allCases { _ = results.series(result.rawValue) }
        for encoding in ContentEncoding.allCases { _ = bytes.series(encoding.rawValue) }
    }

    func scraped(_ result: ScrapeResult, since begin: Instant, at now: Instant) {
        results.series(result.rawValue).increment()
        switch result {
        case .rendered, .shared: duration.observe(now.seconds(since: begin))
        case .tooMany, .timeout, .cancelled, .unauthorized: break
        }
    }

    func rendered(_ count: Int, _ encoding: ContentEncoding) {
        bytes.series(encoding.rawValue).increment(by: count)
    }
}
