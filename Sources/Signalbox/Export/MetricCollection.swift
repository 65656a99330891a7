import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry

/// Reads all metrics and encodes them, in as many requests as they need. Confined to its loop's thread.
final class MetricCollection {
    /// Whether the last one has been taken.
    var isOver = false
    private let registry: MetricRegistry
    private let histograms: MetricRequest.Histograms
    private let resource: ExportResource
    private let time: any TimeSource
    private let duration: Histogram

    init(
        _ registry: MetricRegistry, _ histograms: Configuration.OTLP.Histograms,
        from resource: ExportResource, time: any TimeSource
    ) {
        self.registry = registry
        self.resource = resource
        self.time = time
        switch histograms {
        case .explicit: self.histograms = .explicit
        case .exponential: self.histograms = .exponential
        }
        let type = "periodic_metric_reader"
        duration = registry.histogram(Catalogue.collectionDuration).series("\(type)/0", type)
    }

    func collect() -> [MetricRequest] {
        let start = time.now()
        defer { duration.observe(time.now().seconds(since: start)) }
        return MetricRequest.encode(registry.snapshot(), histograms, from: resource)
    }
}
