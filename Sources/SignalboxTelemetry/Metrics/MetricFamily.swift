import SignalboxCore
import Synchronization

/// All series of one metric. Resolving a series takes a lock; using it never does.
final class MetricFamily: Sendable {
    /// What the cells of one series hold.
    enum Content: Sendable {
        case integer
        case floating
        case gauge
        /// The code of the current one of these states.
        case states([String])
        case histogram(Histogram.Bounds)

        var cellCount: Int {
            switch self {
            case .integer, .floating, .gauge, .states: 1
            case .histogram(let bounds): bounds.cellCount
            }
        }
    }

    /// Where a family counts what became of its series.
    struct Counts {
        let dropped: Counter
        let removed: Counter
    }

    /// Evaluated at each scrape; nil leaves the series out of it.
    typealias Reading = @Sendable () -> Double?

    private struct Entry {
        var series: Series
        /// Scopes that have asked for it.
        var holders = 0
        /// Whether anybody asked for it without a scope.
        var isForEver = false
    }

    private struct State {
        var known: [[String]: Entry] = [:]
        /// By label values, so that every scrape has the same order.
        var ordered: [Series] = []
        /// Takes the samples of label sets that fit nothing; never exported.
        var sink: CellRange?

        func place(of labels: [String]) -> Int {
            ordered.partitioningIndex { labels.lexicographicallyPrecedes($0.labels) }
        }

        mutating func remove(_ series: Series) {
            known[series.labels] = nil
            ordered.remove(at: place(of: series.labels) - 1)
        }
    }

    let definition: MetricDefinition
    let content: Content
    private let bank: CellBank
    private let limits: MetricLimits
    private let time: any TimeSource
    private let counts: Counts?
    private let state = Mutex(State())

    init(
        _ definition: MetricDefinition, _ content: Content, bank: CellBank, limits: MetricLimits,
        time: any TimeSource, counts: Counts?
    ) {
        self.definition = definition
        self.content = content
        self.bank = bank
        self.limits = limits
        self.time = time
        self.counts = counts
    }

    /// The cells for these label values; from here on they are exported, starting at 0: for as long as
    /// `scope` holds them, or for ever without one.
    func cells(_ labels: [String], reading: Reading? = nil, for scope: SeriesScope?) -> CellRange {
        state.withLock { state in
            guard labels.count == labelCount else {
                let sink = state.sink ?? bank.reserve(content.cellCount)
                state.sink = sink
                sink.countMistake()
                return sink
            }
            let values = labels.map { $0.capped(bytesMax: limits.labelValueBytesMax) }
            return series(values, reading, for: scope, in: &state).lease.cells
        }
    }

    /// A scope that held the series does so no more.
    func release(_ labels: [String], _ lease: CellLease) {
        let removed = state.withLock { state -> Series? in
            guard var entry = state.known[labels], entry.series.lease === lease else { return nil }
            entry.holders -= 1
            state.known[labels] = entry
            guard entry.holders == 0, !entry.isForEver else { return nil }
            state.remove(entry.series)
            return entry.series
        }
        if removed != nil { counts?.removed.increment() }
    }

    /// The series as they stand, in their lasting order.
    var series: [Series] {
        state.withLock { $0.ordered }
    }

    /// A stateset's last label is not its caller's to give.
    private var labelCount: Int {
        switch content {
        case .integer, .floating, .gauge, .histogram: definition.labels.count
        case .states: definition.labels.count - 1
        }
    }

    private func series(
        _ values: [String], _ reading: Reading?, for scope: SeriesScope?, in state: inout State
    ) -> Series {
        if var known = state.known[values] {
            hold(&known, for: scope)
            if let reading {
                known.series = Series(
                    values, of: self, known.series.lease, reading: reading, created: known.series.created)
                state.ordered[state.place(of: values) - 1] = known.series
            }
            state.known[values] = known
            return known.series
        }
        let other = values.map { _ in MetricRegistry.otherLabel }
        // One place stays free for `other`, so that a metric never has more series than its cap.
        guard state.known.count < limits.seriesMax - 1 || values == other || values.isEmpty else {
            counts?.dropped.increment()
            return series(other, nil, for: scope, in: &state)
        }
        let lease = CellLease(content, from: bank)
        let series = Series(values, of: self, lease, reading: reading, created: time.wallTime())
        var fresh = Entry(series: series)
        hold(&fresh, for: scope)
        state.ordered.insert(series, at: state.place(of: values))
        state.known[values] = fresh
        return series
    }

    private func hold(_ entry: inout Entry, for scope: SeriesScope?) {
        guard let scope else {
            entry.isForEver = true
            return entry.series.lease.keepForEver()
        }
        if scope.hold(self, entry.series.labels, entry.series.lease) { entry.holders += 1 }
    }
}

/// One label set of a metric, with its text made once.
final class Series: Sendable {
    let labels: [String]
    let lease: CellLease
    let reading: MetricFamily.Reading?
    let created: WallTime
    let cells: CellRange
    /// For a histogram `provider="x",model="y"`, to which `le` is added; for others the line up to its
    /// value.
    let head: [UInt8]
    /// Of a stateset, one for each state.
    let stateHeads: [[UInt8]]

    init(
        _ labels: [String], of family: MetricFamily, _ lease: CellLease, reading: MetricFamily.Reading?,
        created: WallTime
    ) {
        self.labels = labels
        self.lease = lease
        self.reading = reading
        self.created = created
        cells = lease.cells
        let definition = family.definition
        switch family.content {
        case .histogram: (head, stateHeads) = (LabelText.pairs(definition.labels, labels), [])
        case .integer, .floating, .gauge: (head, stateHeads) = (LabelText.head(of: definition, labels), [])
        case .states(let states):
            (head, stateHeads) = ([], states.map { LabelText.head(of: definition, labels + [$0]) })
        }
    }
}

extension Array {
    /// The first index whose element satisfies `isAfter`, in an array where all such elements come last.
    fileprivate func partitioningIndex(where isAfter: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
