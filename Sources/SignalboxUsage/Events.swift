import SignalboxCore
import SignalboxStore
import SignalboxTelemetry

/// Every metric and log line of deliveries: nothing else here names one.
final class DeliveryEvents: Sendable {
    let inFlight: Gauge
    private let registry: MetricRegistry
    private let logger: Logger
    private let store: UsageStore
    private let time: any TimeSource

    init(registry: MetricRegistry, logger: Logger, store: UsageStore, time: any TimeSource) {
        self.time = time
        self.registry = registry
        self.logger = logger
        self.store = store
        inFlight = registry.gauge(Catalogue.webhooksInFlight).series()
    }

    func metrics(of endpoint: String) -> EndpointMetrics {
        EndpointMetrics(registry.scope(), endpoint: endpoint, store: store, time: time)
    }

    func attempted(
        _ header: Delivery.Header, _ outcome: DeliveryOutcome, _ receipt: WebhookSender.Receipt,
        next: WallTime?
    ) {
        let level: LogLevel = outcome == .delivered ? .info : .warning
        logger.log(level, "webhook_delivery") { fields in
            fields.string("endpoint", header.endpoint)
            fields.string("delivery", header.id)
            fields.string("result", outcome.rawValue)
            fields.int("status", receipt.answer.status)
            if outcome != .delivered { fields.string("error", receipt.answer.words) }
            fields.int("attempt", header.attempts + 1)
            fields.int("records", header.records)
            fields.int("first_sequence", Int(header.first))
            fields.int("last_sequence", Int(header.last))
            fields.int("bytes", receipt.bytes)
            fields.string("encoding", receipt.encoding.rawValue)
            fields.milliseconds("latency_ms", receipt.elapsed)
            if let next { fields.string("next_attempt", InternetDate.print(next)) }
        }
    }

    func disabled(_ endpoint: String, because reason: String) {
        logger.log(.error, "webhook_endpoint_disabled") { fields in
            fields.string("endpoint", endpoint)
            fields.string("reason", reason)
        }
    }

    func exhausted(_ header: Delivery.Header, error: String) {
        logger.log(.error, "webhook_delivery_exhausted") { fields in
            fields.string("endpoint", header.endpoint)
            fields.string("delivery", header.id)
            fields.int("records", header.records)
            fields.int("first_sequence", Int(header.first))
            fields.int("last_sequence", Int(header.last))
            fields.int("attempts", header.attempts + 1)
            fields.string("error", error)
        }
    }

    /// It does not take compressed bodies, and gets no more of them.
    func unpacked(_ endpoint: String) {
        logger.log(.warning, "webhook_encoding_refused") { fields in
            fields.string("endpoint", endpoint)
            fields.string("encoding", ContentEncoding.gzip.rawValue)
        }
    }

    /// Too many wait for the operator already.
    func dropped(_ event: OperatorEvent) {
        logger.log(.warning, "webhook_event_dropped") { fields in
            fields.string("type", event.type)
        }
    }

    func storeFailed(_ endpoint: String, _ error: StoreError) {
        logger.log(.error, "webhook_store_failed") { fields in
            fields.string("endpoint", endpoint)
            fields.string("error", "\(error)")
        }
    }
}

/// One endpoint's metrics, their handles resolved when it is configured. The series leave with it.
final class EndpointMetrics: Sendable {
    private let scope: SeriesScope
    private let results: [DeliveryOutcome: Counter]
    private let bytes: [ContentEncoding: Counter]
    private let seconds: Histogram
    private let disabledGauge: Gauge

    init(_ scope: SeriesScope, endpoint: String, store: UsageStore, time: any TimeSource) {
        self.scope = scope
        let deliveries = scope.counter(Catalogue.webhookDeliveries)
        results = Dictionary(
            uniqueKeysWithValues: DeliveryOutcome.allCases.map {
                ($0, deliveries.series(endpoint, $0.rawValue))
            })
        let bytes = scope.counter(Catalogue.webhookBytes)
        self.bytes = Dictionary(
            uniqueKeysWithValues: ContentEncoding.allCases.map { ($0, bytes.series(endpoint, $0.rawValue)) })
        seconds = scope.histogram(Catalogue.webhookSeconds).series(endpoint)
        let pending = scope.gauge(Catalogue.outboxPending)
        pending.series(endpoint) { store.standing(of: endpoint).map { Double($0.pending) } }
        let oldest = scope.gauge(Catalogue.outboxOldest)
        oldest.series(endpoint) { store.standing(of: endpoint).map { time.age(of: $0.oldest) } }
        let dead = scope.gauge(Catalogue.webhookDeadLetters)
        dead.series(endpoint) { store.standing(of: endpoint).map { Double($0.deadLetters) } }
        disabledGauge = scope.gauge(Catalogue.webhookEndpointDisabled).series(endpoint)
    }

    func sent(_ receipt: WebhookSender.Receipt) {
        seconds.observe(Double(receipt.elapsed.nanoseconds) / 1e9)
        bytes[receipt.encoding]?.increment(by: receipt.bytes)
    }

    func ended(_ outcome: DeliveryOutcome) {
        results[outcome]?.increment()
    }

    func disabled(_ isDisabled: Bool) {
        disabledGauge.set(isDisabled ? 1 : 0)
    }
}

extension TimeSource {
    /// In seconds; 0 of nothing, and of what a clock that was set back says is yet to be.
    fileprivate func age(of moment: WallTime?) -> Double {
        guard let moment else { return 0 }
        return max(0, Double(wallTime().nanosecondsSince1970 - moment.nanosecondsSince1970) / 1e9)
    }
}
