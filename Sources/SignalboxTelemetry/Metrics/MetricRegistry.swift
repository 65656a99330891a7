public import SignalboxCore
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
    public let options: MetricOptions
    private let time: any TimeSource
    private let bank = CellBank()
    private let mistakes: CellRange
    private let seriesDropped: MetricFamily
    private let seriesRemoved: MetricFamily
    private let state = Mutex(State())

    /// - Parameter time: when series began is told by its wall clock.
    public init(
        limits: MetricLimits = MetricLimits(), options: MetricOptions = MetricOptions(),
        time: any TimeSource = SystemTime()
    ) {
        self.limits = limits
        self.options = options
        self.time = time
        let bank = bank
        mistakes = bank.reserve(1)
        let own = [Catalogue.seriesDropped, Catalogue.seriesRemoved].map {
            MetricFamily($0, .integer, bank: bank, limits: limits, time: time, counts: nil)
        }
        (seriesDropped, seriesRemoved) = (own[0], own[1])
        state.withLock { state in
            for family in own { state.families[family.definition.name] = family }
        }
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
        GaugeFamily(family: family(definition, .gauge, isExpected: definition.kind == .gauge))
    }

    /// - Parameter states: all that there are; the definition's last label names the current one.
    public func stateset<State: MetricState>(
        _ definition: MetricDefinition, of states: State.Type
    ) -> StateSetFamily<State> {
        let names = states.allCases.map(\.rawValue)
        let isExpected = definition.kind == .stateset && !definition.labels.isEmpty && !names.isEmpty
        return StateSetFamily(family: family(definition, .states(names), isExpected: isExpected))
    }

    public func histogram(_ definition: MetricDefinition) -> HistogramFamily {
        let bounds = knownBounds(of: definition) ?? newBounds(of: definition)
        let isExpected = definition.kind == .histogram
        let family = family(definition, .histogram(bounds), isExpected: isExpected)
        // Another caller's bounds, if it was faster: they are equal, and its series hold pointers to them.
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
        Gauge(cells: family.cells(labels, for: nil)).set(1)
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

    /// What there is to export, after every preparation has run.
    package func snapshot() -> MetricSnapshot {
        let (families, preparations) = state.withLock { (Array($0.families.values), $0.preparations) }
        for prepare in preparations { prepare() }
        let snapshots = families.map {
            FamilySnapshot(definition: $0.definition, content: $0.content, series: $0.series)
        }
        return MetricSnapshot(
            time: time.wallTime(),
            families: snapshots.filter { !$0.series.isEmpty }.sorted {
                $0.definition.name < $1.definition.name
            })
    }

    /// Bounds are never freed: asking for the same metric again must not make new ones.
    private func knownBounds(of definition: MetricDefinition) -> Histogram.Bounds? {
        let known = state.withLock { $0.families[definition.name] }
        guard let known, known.definition == definition, case .histogram(let bounds) = known.content else {
            return nil
        }
        return bounds
    }

    private func newBounds(of definition: MetricDefinition) -> Histogram.Bounds {
        Histogram.Bounds(
            Array(definition.buckets.prefix(MetricLimits.bucketsMax)), isNative: options.nativeHistograms)
    }

    /// The family of that name; one that nobody exports, if the caller made a mistake.
    private func family(
        _ definition: MetricDefinition, _ content: MetricFamily.Content, isExpected: Bool
    ) -> MetricFamily {
        guard isExpected, definition.isExportable else { return detached(definition, content) }
        let known = state.withLock { state -> MetricFamily? in
            if let known = state.families[definition.name] { return known }
            let counts = MetricFamily.Counts(
                dropped: Counter(cells: seriesDropped.cells([definition.name], for: nil)),
                removed: Counter(cells: seriesRemoved.cells([definition.name], for: nil)))
            let fresh = MetricFamily(
                definition, content, bank: bank, limits: limits, time: time, counts: counts)
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
        return MetricFamily(definition, content, bank: bank, limits: limits, time: time, counts: nil)
    }
}

extension MetricFamily.Content {
    fileprivate func isLike(_ other: MetricFamily.Content) -> Bool {
        switch (self, other) {
        case (.integer, .integer), (.floating, .floating), (.gauge, .gauge), (.histogram, .histogram): true
        case (.states(let ours), .states(let theirs)): ours == theirs
        case (.integer, _), (.floating, _), (.gauge, _), (.histogram, _), (.states, _): false
        }
    }
}
