/// One metric that swift-metrics records, and the handlers of its series. It lives inside the factory's lock.
final class BridgedFamily {
    private enum Cells {
        case counter(CounterFamily)
        case floatingCounter(FloatingCounterFamily)
        case gauge(GaugeFamily)
        case histogram(HistogramFamily)
    }

    let family: MetricFamily
    private let metric: BridgedMetric
    private let cells: Cells
    private let registry: MetricRegistry
    private var handlers: [[String]: (handler: any BridgedHandler, makers: Int)] = [:]

    init(_ definition: MetricDefinition, _ metric: BridgedMetric, _ registry: MetricRegistry) {
        self.metric = metric
        self.registry = registry
        switch metric.kind {
        case .counter:
            let counter = registry.counter(definition)
            (cells, family) = (.counter(counter), counter.family)
        case .floatingCounter:
            let counter = registry.floatingCounter(definition)
            (cells, family) = (.floatingCounter(counter), counter.family)
        case .gauge:
            let gauge = registry.gauge(definition)
            (cells, family) = (.gauge(gauge), gauge.family)
        case .recorder, .timer:
            let histogram = registry.histogram(definition)
            (cells, family) = (.histogram(histogram), histogram.family)
        }
    }

    var labels: [String] { family.definition.labels }

    /// The same one for the same label values. Beyond the registry's cap there is one for each caller, all of
    /// the series `other`: to know them all would grow without bound.
    func handler(_ values: [String]) -> any BridgedHandler {
        if let known = handlers[values] {
            handlers[values] = (known.handler, known.makers + 1)
            return known.handler
        }
        let fresh = fresh(BridgedUse(metric: metric, values: values, scope: registry.scope()))
        if handlers.count < registry.limits.seriesMax { handlers[values] = (fresh, 1) }
        return fresh
    }

    func release(_ handler: any BridgedHandler) {
        let values = handler.use.values
        guard let known = handlers[values], known.handler === handler else { return }
        guard known.makers == 1 else {
            handlers[values] = (known.handler, known.makers - 1)
            return
        }
        handlers[values] = nil
        handler.use.scope.close()
    }

    private func fresh(_ use: BridgedUse) -> any BridgedHandler {
        let (values, scope) = (use.values, use.scope)
        return switch cells {
        case .counter(let family):
            BridgedCounter(use: use, counter: family.within(scope).series(values))
        case .floatingCounter(let family):
            BridgedFloatingCounter(use: use, counter: family.within(scope).series(values))
        case .gauge(let family):
            BridgedGauge(use: use, gauge: family.within(scope).series(values))
        case .histogram(let family):
            BridgedHistogram(use: use, histogram: family.within(scope).series(values))
        }
    }
}
