import SignalboxTelemetry

extension Microbench {
    /// A scrape of the whole catalogue in which every label has had every one of the given values.
    ///
    ///     signalbox-microbench-telemetry --exposition text|openmetrics VALUE...
    static func printExposition(_ arguments: [String]) {
        let format: ExpositionFormat
        switch arguments.first {
        case "openmetrics": format = .openMetrics
        default: format = .text
        }
        let registry = MetricRegistry()
        for metric in Catalogue.all {
            for value in arguments.dropFirst() { count(metric, value, in: registry) }
        }
        var bytes: [UInt8] = []
        registry.render(format, into: &bytes)
        print(String(decoding: bytes, as: UTF8.self), terminator: "")
    }

    private static func count(_ metric: MetricDefinition, _ value: String, in registry: MetricRegistry) {
        let labels = metric.labels.map { _ in value }
        switch metric.kind {
        case .counter: registry.counter(metric).series(labels).increment(by: 3)
        case .gauge: registry.gauge(metric).series(labels).set(0.25)
        case .stateset:
            registry.stateset(metric, of: AttemptStatus.self).series(labels.dropLast()).enter(.success)
        case .histogram: registry.histogram(metric).series(labels).observe(0.75)
        case .info: registry.info(metric, labels)
        }
    }
}
