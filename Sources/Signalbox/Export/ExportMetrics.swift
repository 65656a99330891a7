import SignalboxCore
import SignalboxTelemetry

/// What is counted of one signal's export, its handles resolved once.
struct ExportMetrics: Sendable {
    private let signal: ExportSignal
    private let exporter: [String]
    private let arrived: Counter
    private let exported: CounterFamily
    private let inflight: Gauge
    private let duration: HistogramFamily
    let retries: Counter

    /// - Parameter server: where the receiver is, as the configuration's address says.
    init(_ registry: MetricRegistry, _ signal: ExportSignal, server: (host: String, port: UInt16)) {
        self.signal = signal
        let type = "otlp_http_\(signal.recordName)_exporter"
        exporter = ["\(type)/0", type, server.host, "\(server.port)"]
        exported = registry.counter(Catalogue.exported[signal])
        arrived = exported.series(exporter + [""])
        inflight = registry.gauge(Catalogue.inflight[signal]).series(exporter)
        duration = registry.histogram(Catalogue.operationDuration)
        retries = registry.counter(Catalogue.exportRetries).series(signal.rawValue)
    }

    func began(_ count: Int) {
        inflight.add(Double(count))
    }

    /// The end of a batch, whatever it was. What failed was counted by ``lost(_:_:)`` before.
    func ended(
        _ count: Int, arrived: Int, failure: ExportFailure?, status: Int?, after elapsed: Duration
    ) {
        inflight.add(-Double(count))
        self.arrived.increment(by: arrived)
        if let failure { lost(count - arrived, failure) }
        let labels = [failure?.label ?? "", status.map { "\($0)" } ?? ""]
        duration.series(exporter + labels).observe(Double(elapsed.nanoseconds) / 1e9)
    }

    private func lost(_ count: Int, _ failure: ExportFailure) {
        exported.series(exporter + [failure.label]).increment(by: count)
    }
}

/// What is counted of a queue in front of an exporter.
struct QueueMetrics: Sendable {
    private let processed: CounterFamily
    private let component: [String]
    private let handedOn: Counter

    /// - Parameters:
    ///   - size: records that wait now.
    ///   - dropped: records that found no room so far.
    init(
        _ registry: MetricRegistry, _ signal: ExportSignal, capacity: Int,
        size: @escaping @Sendable () -> Int, dropped: @escaping @Sendable () -> UInt64
    ) {
        let type = "batching_\(signal.recordName)_processor"
        component = ["\(type)/0", type]
        let isSpans = signal == .traces
        let sizes = registry.gauge(isSpans ? Catalogue.spanQueueSize : Catalogue.logQueueSize)
        sizes.series(component[0], component[1]) { Double(size()) }
        let capacities = registry.gauge(isSpans ? Catalogue.spanQueueCapacity : Catalogue.logQueueCapacity)
        capacities.series(component).set(Double(capacity))
        processed = registry.counter(isSpans ? Catalogue.spansProcessed : Catalogue.logsProcessed)
        handedOn = processed.series(component + [""])
        processed.series(component[0], component[1], "queue_full") { Double(dropped()) }
        _ = processed.series(component + [ExportFailure.shutdown.label])
    }

    func handedOn(_ count: Int) {
        handedOn.increment(by: count)
    }

    /// Given up at the program's end.
    func givenUp(_ count: Int) {
        processed.series(component + [ExportFailure.shutdown.label]).increment(by: count)
    }
}

extension ExportSignal {
    /// What one record of it is called in the conventions' component types.
    fileprivate var recordName: String {
        switch self {
        case .metrics: "metric"
        case .traces: "span"
        case .logs: "log"
        }
    }
}
