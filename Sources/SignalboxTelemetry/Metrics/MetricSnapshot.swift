package import SignalboxCore

/// What a registry exports, family by family and in a stable order: by name, then by label values. Each
/// format is written from this, OTLP too.
///
/// It holds which series there are; their values are read one series at a time, while they go on counting.
package struct MetricSnapshot: Sendable {
    /// When it was taken.
    package let time: WallTime
    /// Without those that have no series.
    package let families: [FamilySnapshot]
}

package struct FamilySnapshot: Sendable {
    package let definition: MetricDefinition
    let content: MetricFamily.Content
    let series: [Series]

    /// What of a histogram a format has room for; reading what it has no room for is wasted.
    package struct Detail: OptionSet, Sendable {
        package let rawValue: Int
        package static let nativeBuckets = Detail(rawValue: 1)
        package static let exemplars = Detail(rawValue: 2)

        package init(rawValue: Int) {
            self.rawValue = rawValue
        }
    }

    /// Every series that has a value now.
    package func forEachPoint(_ detail: Detail, _ body: (MetricPoint) -> Void) {
        let hasExemplars = definition.kind == .counter && detail.contains(.exemplars)
        for one in series {
            guard let value = value(of: one, detail) else { continue }
            body(MetricPoint(series: one, value: value, hasExemplar: hasExemplars))
        }
    }

    private func value(of series: Series, _ detail: Detail) -> MetricPoint.Value? {
        if let reading = series.reading {
            guard let value = reading() else { return nil }
            // One impossible counter would make a scraper refuse all the others.
            guard definition.kind != .counter || value >= 0 else {
                series.cells.countMistake()
                return nil
            }
            return .number(value)
        }
        switch content {
        case .integer: return .integer(series.cells.total())
        case .floating, .gauge: return .number(series.cells.floatingTotal())
        case .states(let names):
            return .states(names, current: StateCode.state(series.cells.floatingTotal(), of: names.count))
        case .histogram(let shape): return .histogram(HistogramPoint(series.cells, shape, detail))
        }
    }
}

/// The value of one series at one moment.
package struct MetricPoint {
    package enum Value {
        /// A counter of whole things.
        case integer(UInt64)
        case number(Double)
        /// The state of that index is the current one; the states are values of the definition's last label.
        case states([String], current: Int?)
        case histogram(HistogramPoint)
    }

    let series: Series
    package let value: Value
    fileprivate let hasExemplar: Bool

    /// Of a counter, where exemplars were asked for.
    package var exemplar: TakenExemplar? {
        hasExemplar ? series.cells.exemplar(at: 0) : nil
    }

    /// In the order of the definition's labels; a stateset's are without the last, which holds the state.
    package var labels: [String] { series.labels }
    /// Since when the series counts; nil where its value is somebody else's, who may have begun before.
    package var created: WallTime? { series.reading == nil ? series.created : nil }
}

/// The observations of one series, in both kinds of buckets.
///
/// A class, so that a point is small: there are many more of those without a histogram.
package final class HistogramPoint: Sendable {
    /// Observations in all buckets, those of the native ones included: never fewer than in the classic.
    package let count: UInt64
    package let sum: Double
    /// Upper bounds without the infinite one.
    package var bounds: UnsafeBufferPointer<Double> { shape.values }
    /// Observations of each classic bucket by itself, the infinite one last: one more than there are bounds.
    package let counts: [UInt64]
    /// Of each bucket of `counts`; empty where there is none at all.
    package let exemplars: [TakenExemplar?]
    package let native: NativeBuckets?
    private let shape: Histogram.Bounds

    init(_ cells: CellRange, _ shape: Histogram.Bounds, _ detail: FamilySnapshot.Detail) {
        var counts: [UInt64] = []
        var native: NativeBuckets?
        var total: UInt64 = 0
        for _ in 0..<Self.readingsMax {
            counts = (0...shape.count).map { cells.total(at: $0) }
            total = counts.reduce(0, &+)
            guard detail.contains(.nativeBuckets), let scale = shape.scale else { break }
            let buckets = scale.read(cells, at: shape.nativeIndex)
            native = buckets
            if total == buckets.total { break }
        }
        // An observation between the two readings is in one kind of bucket only. The native ones must add up
        // to the count, so the classic ones give way: what they are ahead is taken out, what they are behind
        // counts as beyond the last bound until the next scrape.
        if let native, native.total != total {
            total = native.total
            Self.fit(&counts, to: total)
        }
        self.shape = shape
        self.counts = counts
        self.native = native
        count = total
        sum = cells.floatingTotal(at: shape.sumIndex)
        exemplars = detail.contains(.exemplars) ? Self.exemplars(cells, shape) : []
    }
}

/// Exponential buckets, each 2^(2^-schema) times as wide as the one before.
package struct NativeBuckets: Sendable, Hashable {
    package let schema: Int
    /// Observations up to it, inclusive, are in `zeroCount`.
    package let zeroThreshold: Double
    package let zeroCount: UInt64
    /// Prometheus' index of the first of `counts`: bucket `i` ends, inclusive, at 2^(i · 2^-schema).
    /// OpenTelemetry counts from where a bucket begins, which is one less.
    package let firstIndex: Int
    /// Neighbouring buckets from the first that is not empty to the last.
    package let counts: ArraySlice<UInt64>
}

extension HistogramPoint {
    private static let readingsMax = 4

    static func fit(_ counts: inout [UInt64], to total: UInt64) {
        var left = total
        for index in counts.indices.dropLast() {
            counts[index] = min(counts[index], left)
            left -= counts[index]
        }
        counts[counts.count - 1] = left
    }

    private static func exemplars(_ cells: CellRange, _ shape: Histogram.Bounds) -> [TakenExemplar?] {
        guard cells.hasExemplars else { return [] }
        let taken = (0...shape.count).map { cells.exemplar(at: $0) }
        return taken.contains { $0 != nil } ? taken : []
    }
}

extension NativeBuckets {
    var total: UInt64 {
        counts.reduce(zeroCount, &+)
    }
}
