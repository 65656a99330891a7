public import CoreMetrics
import Synchronization

/// Sends what a program counts through swift-metrics to a `MetricRegistry`, and so to its scrapes.
///
///     MetricsSystem.bootstrap(SignalboxMetricsFactory(registry: registry))
///
/// `http.requests` becomes `http_requests_total` as a counter, `http_requests_seconds` as a timer and
/// `http_requests` as anything else. Dimensions become labels, ordered by key. Whoever asks first for a name
/// settles its kind and its label names. Whatever does not fit that, or comes from another label that is
/// written the same, is counted in `signalbox_metric_mistakes_total` and given a handler that does nothing:
/// two metrics are never mixed under one name, and a mistake is never a trap.
public final class SignalboxMetricsFactory: MetricsFactory {
    private struct State {
        /// By what was asked for; nil where it was refused.
        var families: [BridgedMetric: BridgedFamily?] = [:]
        /// Every name that a sample has or may have.
        var namesTaken = Set(Catalogue.all.flatMap(\.sampleNames))
    }

    private let registry: MetricRegistry
    private let limits: BridgeLimits
    private let state = Mutex(State())

    public init(registry: MetricRegistry, limits: BridgeLimits = BridgeLimits()) {
        self.registry = registry
        self.limits = limits
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        handler(.counter, label, dimensions) as? any CounterHandler ?? NOOPMetricsHandler.instance
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        handler(.floatingCounter, label, dimensions) as? any FloatingPointCounterHandler
            ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        handler(.gauge, label, dimensions) as? any MeterHandler ?? NOOPMetricsHandler.instance
    }

    /// A histogram if it aggregates, else a gauge: the same one as a meter's of that label.
    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        handler(aggregate ? .recorder : .gauge, label, dimensions) as? any RecorderHandler
            ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        handler(.timer, label, dimensions) as? any TimerHandler ?? NOOPMetricsHandler.instance
    }

    // A series is removed once everybody who made its handler has destroyed it. Made again it starts at 0, as
    // after a restart of the program. A handler that is used although it was destroyed counts, unseen.

    public func destroyCounter(_ handler: any CounterHandler) { release(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { release(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { release(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { release(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { release(handler) }
}

extension SignalboxMetricsFactory {
    private func handler(
        _ kind: BridgedMetric.Kind, _ label: String, _ dimensions: [(String, String)]
    ) -> (any BridgedHandler)? {
        let metric = BridgedMetric(kind: kind, label: label)
        let labels = BridgedLabels(dimensions, valueBytesMax: registry.limits.labelValueBytesMax)
        return state.withLock { state in
            guard let family = family(metric, labels.names, in: &state), family.labels == labels.names else {
                registry.countMistake()
                return nil
            }
            return family.handler(labels.values)
        }
    }

    private func family(
        _ metric: BridgedMetric, _ labels: [String], in state: inout State
    ) -> BridgedFamily? {
        if let known = state.families[metric] { return known }
        // Refusals are remembered too, so what is too long is not: it would be kept for nothing.
        guard state.families.count < limits.metricsMax, metric.hasLabelWithinBounds else { return nil }
        let fresh = fresh(metric, labels, in: &state)
        state.families[metric] = .some(fresh)
        return fresh
    }

    private func fresh(_ metric: BridgedMetric, _ labels: [String], in state: inout State) -> BridgedFamily? {
        guard labels.count <= limits.labelsMax else { return nil }
        let definition = metric.definition(labels: labels, limits)
        guard state.namesTaken.isDisjoint(with: definition.sampleNames) else { return nil }
        let family = BridgedFamily(definition, metric, registry)
        guard registry.exports(family.family) else { return nil }
        state.namesTaken.formUnion(definition.sampleNames)
        return family
    }

    private func release(_ handler: Any) {
        guard let handler = handler as? any BridgedHandler else { return }
        state.withLock { $0.families[handler.use.metric]??.release(handler) }
    }
}

/// The bounds and buckets of what comes in through swift-metrics, besides the registry's own.
public struct BridgeLimits: Sendable {
    /// Metrics of different labels or kinds; further ones count for nothing.
    public var metricsMax: Int
    /// Dimensions of one metric; one with more counts for nothing.
    public var labelsMax: Int
    /// Upper bounds of timers, in seconds.
    public var timerBuckets: [Double]
    /// Upper bounds of recorders, whose values can be anything.
    public var recorderBuckets: [Double]

    public init(
        metricsMax: Int = 1_000, labelsMax: Int = 32, timerBuckets: [Double] = BridgeLimits.seconds,
        recorderBuckets: [Double] = BridgeLimits.amounts
    ) {
        self.metricsMax = max(1, metricsMax)
        self.labelsMax = max(0, labelsMax)
        self.timerBuckets = timerBuckets
        self.recorderBuckets = recorderBuckets
    }

    /// 100 µs to 300 s.
    public static let seconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
        60, 120, 300,
    ]

    /// 0.01 to 67 million.
    public static let amounts: [Double] = [
        0.01, 0.1, 1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
        67_108_864,
    ]
}
