/// Resolves the series of one counter. Do it when configuration loads, not per request.
public struct CounterFamily: Sendable {
    let family: MetricFamily

    /// The label values in the order of the definition. From here on the series is exported, starting at 0.
    public func series(_ labels: String...) -> Counter {
        series(labels)
    }

    public func series(_ labels: [String]) -> Counter {
        Counter(cells: family.cells(labels))
    }

    /// A series whose value is asked for at each scrape instead; nil leaves it out. It must never go backwards.
    public func series(_ labels: String..., reading: @escaping @Sendable () -> Double?) {
        _ = family.cells(labels, reading: reading)
    }
}

public struct FloatingCounterFamily: Sendable {
    let family: MetricFamily

    public func series(_ labels: String...) -> FloatingCounter {
        series(labels)
    }

    public func series(_ labels: [String]) -> FloatingCounter {
        FloatingCounter(cells: family.cells(labels))
    }
}

public struct GaugeFamily: Sendable {
    let family: MetricFamily

    public func series(_ labels: String...) -> Gauge {
        series(labels)
    }

    public func series(_ labels: [String]) -> Gauge {
        Gauge(cells: family.cells(labels))
    }

    /// A series whose value is asked for at each scrape instead; nil leaves it out.
    public func series(_ labels: String..., reading: @escaping @Sendable () -> Double?) {
        _ = family.cells(labels, reading: reading)
    }
}

public struct HistogramFamily: Sendable {
    let family: MetricFamily
    let bounds: Histogram.Bounds

    public func series(_ labels: String...) -> Histogram {
        series(labels)
    }

    public func series(_ labels: [String]) -> Histogram {
        Histogram(cells: family.cells(labels), bounds: bounds)
    }
}
