import Synchronization

/// All metrics of a process. Made once; handles that it gave out stay valid for the process' life.
///
/// A caller's mistake (a label too many, a metric asked for as another kind, NaN) is counted in
/// `signalbox_metric_mistakes_total` and otherwise ignored: telemetry never takes its program down.
public final class MetricRegistry: Sendable {
    /// The value of every label of the series that takes what exceeds a metric's cap, and of what a caller
    /// invented.
    public static let otherLabel = "other"

    private struct State {
        var families: [String: MetricFamily] = [:]
        var preparations: [@Sendable () -> Void] = []
    }

    public let limits: MetricLimits
    private let bank = CellBank()
    private let mistakes: CellRange
    private let seriesDropped: MetricFamily
    private let state = Mutex(State())

    public init(limits: MetricLimits = MetricLimits()) {
        self.limits = limits
        mistakes = bank.reserve(1)
        seriesDropped = MetricFamily(
            Catalogue.seriesDropped, .integer, bank: bank, limits: limits, dropped: nil)
        state.withLock { $0.families[Catalogue.seriesDropped.name] = seriesDropped }
        let bank = bank
        counter(Catalogue.metricMistakes).series(reading: { Double(bank.mistakes) })
    }

    public func counter(_ definition: MetricDefinition) -> CounterFamily {
        CounterFamily(family: family(definition, .integer, isExpected: definition.kind == .counter))
    }

    /// A counter of amounts that are not whole, such as seconds or money.
    public func floatingCounter(_ definition: MetricDefinition) -> FloatingCounterFamily {
        FloatingCounterFamily(family: family(definition, .floating, isExpected: definition.kind == .counter))
    }

    public func gauge(_ definition: MetricDefinition) -> GaugeFamily {
        let isExpected = definition.kind == .gauge || definition.kind == .stateset
        return GaugeFamily(family: family(definition, .gauge, isExpected: isExpected))
    }

    public func histogram(_ definition: MetricDefinition) -> HistogramFamily {
        let bounds = Histogram.Bounds(Array(definition.buckets.prefix(MetricLimits.bucketsMax)))
        let isExpected = definition.kind == .histogram
        let family = family(definition, .histogram(bounds), isExpected: isExpected)
        // An earlier caller's bounds, if there was one: they are equal, and its series hold pointers to them.
        guard case .histogram(let kept) = family.content else {
            return HistogramFamily(family: family, bounds: bounds)
        }
        return HistogramFamily(family: family, bounds: kept)
    }

    /// States facts as labels of a series whose value is 1.
    public func info(_ definition: MetricDefinition, _ labels: String...) {
        info(definition, labels)
    }

    public func info(_ definition: MetricDefinition, _ labels: [String]) {
        let family = family(definition, .gauge, isExpected: definition.kind == .info)
        Gauge(cells: family.cells(labels)).set(1)
    }

    /// Runs `preparation` at the start of each scrape, for values that are read together.
    public func beforeScrape(_ preparation: @escaping @Sendable () -> Void) {
        state.withLock { $0.preparations.append(preparation) }
    }

    /// Whether a scrape sees it: false for what a mistaken caller was given.
    func exports(_ family: MetricFamily) -> Bool {
        state.withLock { $0.families[family.definition.name] === family }
    }

    /// For what is wrong before there is a metric to ask for.
    func countMistake() {
        mistakes.countMistake()
    }

    /// The families by name, after every preparation has run.
    func prepared() -> [MetricFamily] {
        let (families, preparations) = state.withLock { (Array($0.families.values), $0.preparations) }
        for prepare in preparations { prepare() }
        return families.sorted { $0.definition.name < $1.definition.name }
    }

    /// The family of that name; one that nobody exports, if the caller made a mistake.
    private func family(
        _ definition: MetricDefinition, _ content: MetricFamily.Content, isExpected: Bool
    ) -> MetricFamily {
        guard isExpected, definition.isExportable else { return detached(definition, content) }
        let known = state.withLock { state -> MetricFamily? in
            if let known = state.families[definition.name] { return known }
            let dropped = Counter(cells: seriesDropped.cells([definition.name]))
            let fresh = MetricFamily(definition, content, bank: bank, limits: limits, dropped: dropped)
            state.families[definition.name] = fresh
            return fresh
        }
        guard let known, known.definition == definition, known.content.isLike(content) else {
            return detached(definition, content)
        }
        return known
    }

    private func detached(_ definition: MetricDefinition, _ content: MetricFamily.Content) -> MetricFamily {
        mistakes.countMistake()
        return MetricFamily(definition, content, bank: bank, limits: limits, dropped: nil)
    }
}

extension MetricFamily.Content {
    fileprivate func isLike(_ other: MetricFamily.Content) -> Bool {
        switch (self, other) {
        case (.integer, .integer), (.floating, .floating), (.gauge, .gauge), (.histogram, .histogram): true
        case (.integer, _), (.floating, _), (.gauge, _), (.histogram, _): false
        }
    }
}
