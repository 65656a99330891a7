/// Resolves the series of one counter. Do it when configuration loads, not per request.
public struct CounterFamily: Sendable {
    let family: MetricFamily
    var scope: SeriesScope?

    /// The label values in the order of the definition. From here on the series is exported, starting at 0.
    public func series(_ labels: String...) -> Counter {
        series(labels)
    }

    public func series(_ labels: [String]) -> Counter {
        Counter(cells: family.cells(labels, for: scope))
    }

    func within(_ scope: SeriesScope) -> CounterFamily {
        CounterFamily(family: family, scope: scope)
    }

    /// A series whose value is asked for at each scrape instead; nil leaves it out. It must never go
    /// backwards.
    public func series(_ labels: String..., reading: @escaping @Sendable () -> Double?) {
        _ = family.cells(labels, reading: reading, for: scope)
    }
}

public struct FloatingCounterFamily: Sendable {
    let family: MetricFamily
    var scope: SeriesScope?

    public func series(_ labels: String...) -> FloatingCounter {
        series(labels)
    }

    public func series(_ labels: [String]) -> FloatingCounter {
        FloatingCounter(cells: family.cells(labels, for: scope))
    }

    func within(_ scope: SeriesScope) -> FloatingCounterFamily {
        FloatingCounterFamily(family: family, scope: scope)
    }
}

public struct GaugeFamily: Sendable {
    let family: MetricFamily
    var scope: SeriesScope?

    public func series(_ labels: String...) -> Gauge {
        series(labels)
    }

    public func series(_ labels: [String]) -> Gauge {
        Gauge(cells: family.cells(labels, for: scope))
    }

    func within(_ scope: SeriesScope) -> GaugeFamily {
        GaugeFamily(family: family, scope: scope)
    }

    /// A series whose value is asked for at each scrape instead; nil leaves it out.
    public func series(_ labels: String..., reading: @escaping @Sendable () -> Double?) {
        _ = family.cells(labels, reading: reading, for: scope)
    }
}

public struct HistogramFamily: Sendable {
    let family: MetricFamily
    let bounds: Histogram.Bounds
    var scope: SeriesScope?

    public func series(_ labels: String...) -> Histogram {
        series(labels)
    }

    public func series(_ labels: [String]) -> Histogram {
        Histogram(cells: family.cells(labels, for: scope), bounds: bounds)
    }

    func within(_ scope: SeriesScope) -> HistogramFamily {
        HistogramFamily(family: family, bounds: bounds, scope: scope)
    }
}
