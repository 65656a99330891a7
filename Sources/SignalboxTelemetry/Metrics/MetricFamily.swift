import Synchronization

/// All series of one metric. Resolving a series takes a lock; using it never does.
final class MetricFamily: Sendable {
    /// What the cells of one series hold.
    enum Content: Sendable {
        case integer
        case floating
        case gauge
        case histogram(Histogram.Bounds)

        var cellCount: Int {
            switch self {
            case .integer, .floating, .gauge: 1
            case .histogram(let bounds): bounds.cellCount
            }
        }
    }

    /// Evaluated at each scrape; nil leaves the series out of it.
    typealias Reading = @Sendable () -> Double?

    private struct State {
        var known: [[String]: Series] = [:]
        /// By label values, so that every scrape has the same order.
        var ordered: [Series] = []
        /// In `known`, not in `ordered`.
        var hidden: Set<[String]> = []
        /// Takes the samples of label sets that fit nothing; never exported.
        var sink: CellRange?

        mutating func place(_ series: Series) {
            let place = ordered.partitioningIndex { series.labels.lexicographicallyPrecedes($0.labels) }
            ordered.insert(series, at: place)
        }
    }

    let definition: MetricDefinition
    let content: Content
    private let bank: CellBank
    private let limits: MetricLimits
    private let dropped: Counter?
    private let state = Mutex(State())

    init(
        _ definition: MetricDefinition, _ content: Content, bank: CellBank, limits: MetricLimits,
        dropped: Counter?
    ) {
        self.definition = definition
        self.content = content
        self.bank = bank
        self.limits = limits
        self.dropped = dropped
    }

    /// The cells for these label values; from here on they are exported, starting at 0.
    func cells(_ labels: [String], reading: Reading? = nil) -> CellRange {
        state.withLock { state in
            guard labels.count == definition.labels.count else {
                let sink = state.sink ?? bank.reserve(content.cellCount)
                state.sink = sink
                sink.countMistake()
                return sink
            }
            let values = labels.map { $0.capped(bytesMax: limits.labelValueBytesMax) }
            return series(values, reading, in: &state).cells
        }
    }

    /// Leaves the series out of scrapes until somebody asks for these label values again. Its cells go on as
    /// they are, and it keeps its place under the cap: handles to it may be in use. False if it has none of
    /// its own.
    func hide(_ labels: [String]) -> Bool {
        let values = labels.map { $0.capped(bytesMax: limits.labelValueBytesMax) }
        return state.withLock { state in
            guard let known = state.known[values] else { return false }
            state.ordered.removeAll { $0 === known }
            state.hidden.insert(values)
            return true
        }
    }

    /// The series as they stand, in their lasting order.
    var series: [Series] {
        state.withLock { $0.ordered }
    }

    private func series(_ values: [String], _ reading: Reading?, in state: inout State) -> Series {
        if let known = state.known[values] {
            if state.hidden.remove(values) != nil { state.place(known) }
            guard let reading else { return known }
            let renewed = Series(values, of: self, cells: known.cells, reading: reading)
            state.known[values] = renewed
            state.ordered = state.ordered.map { $0 === known ? renewed : $0 }
            return renewed
        }
        let other = values.map { _ in MetricRegistry.otherLabel }
        // One place stays free for `other`, so that a metric never has more series than its cap.
        guard state.known.count < limits.seriesMax - 1 || values == other || values.isEmpty else {
            dropped?.increment()
            return series(other, nil, in: &state)
        }
        let fresh = Series(values, of: self, cells: bank.reserve(content.cellCount), reading: reading)
        state.known[values] = fresh
        state.place(fresh)
        return fresh
    }
}

/// One label set of a metric, with its text made once.
final class Series: Sendable {
    let labels: [String]
    let cells: CellRange
    let reading: MetricFamily.Reading?
    /// For a histogram `provider="x",model="y",`, to which `le` is added; for others the line up to its
    /// value.
    let head: [UInt8]

    init(
        _ labels: [String], of family: MetricFamily, cells: CellRange, reading: MetricFamily.Reading?
    ) {
        self.labels = labels
        self.cells = cells
        self.reading = reading
        let pairs = LabelText.pairs(family.definition.labels, labels)
        switch family.content {
        case .histogram:
            head = pairs
        case .integer, .floating, .gauge:
            var line = Array(family.definition.name.utf8)
            if !pairs.isEmpty { line += [UInt8(ascii: "{")] + pairs + [UInt8(ascii: "}")] }
            head = line + [UInt8(ascii: " ")]
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
