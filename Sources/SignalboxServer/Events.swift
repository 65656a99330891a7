import Signalbox
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// Every metric and log line of the server: nothing else here names one.
struct ServerEvents: ServerObserver {
    let logger: Logger
    private let connections: Gauge
    private let refused: Counter
    private let rejections: CounterFamily
    private let lag: Histogram

    init(registry: MetricRegistry, logger: Logger) {
        self.logger = logger
        connections = registry.gauge(Catalogue.connections).series()
        refused = registry.counter(Catalogue.connectionsRefused).series()
        lag = registry.histogram(Catalogue.eventLoopLag).series()
        rejections = registry.counter(Catalogue.requestsRejected)
        for reason in RejectionReason.allCases {
            rejections.series(reason.rawValue).increment(by: UInt64(0))
        }
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

    func listening(_ listener: StaticString, _ address: ListenAddress) {
        logger.log(.info, "listening") { fields in
            fields.string("listener", listener)
            fields.string("address", "\(address)")
        }
    }

    func draining(_ limit: Duration) {
        logger.log(.info, "draining") { $0.milliseconds("limit_ms", limit) }
    }

    func stopped() {
        logger.log(.info, "stopped")
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
