import Synchronization

/// Counts observations by size, in classic buckets and, where the registry has them, in native ones: one
/// observation feeds both. Its cells are one count per classic bucket, the infinite one included, then the
/// sum, then those of the native buckets.
///
/// `@unchecked Sendable`: the bounds are written once, before the first handle exists, and never freed.
public struct Histogram: @unchecked Sendable {
    @usableFromInline let cells: CellRange
    /// Padded with infinities to a multiple of `stride`, so that the search has no remainder.
    @usableFromInline let bounds: UnsafePointer<Double>
    @usableFromInline let paddedCount: Int32
    @usableFromInline let sumIndex: Int32
    @usableFromInline let scale: NativeScale?

    @usableFromInline static var stride: Int { 8 }

    init(cells: CellRange, bounds: Bounds) {
        self.cells = cells
        self.bounds = UnsafePointer(bounds.padded)
        self.paddedCount = Int32(bounds.paddedCount)
        self.sumIndex = Int32(bounds.sumIndex)
        self.scale = bounds.scale
    }

    /// A negative or infinite value, or NaN, is ignored, and counted as a mistake.
    @inlinable
    public func observe(_ value: Double) {
        guard value >= 0 && value < .infinity else { return cells.countMistake() }
        let bucket = bucket(of: value)
        guard let owned = cells.owned else { return observeSlowly(value, bucket: bucket) }
        CellRange.add(1 as UInt64, to: owned + bucket)
        CellRange.add(value, to: owned + Int(sumIndex))
        scale?.count(value, in: owned + Int(sumIndex) + 1)
    }

    /// Observes `value`, and keeps the trace behind it as its bucket's example, unless that has one that is
    /// less than a second older.
    @inlinable
    public func observe(_ value: Double, exemplar: Exemplar?) {
        observe(value)
        guard let exemplar, value >= 0 && value < .infinity else { return }
        cells.offer(exemplar, value: value, at: bucket(of: value))
    }

    /// Counts the bounds below `value` without a branch: which bucket comes next is what no processor can
    /// predict.
    @inlinable
    func bucket(of value: Double) -> Int {
        var below = 0
        for start in Swift.stride(from: 0, to: Int(paddedCount), by: Self.stride) {
            for index in start..<(start &+ Self.stride) {
                below &+= bounds[index] < value ? 1 : 0
            }
        }
        return below
    }

    @usableFromInline
    @inline(never)
    func observeSlowly(_ value: Double, bucket: Int) {
        cells.addSlowly(1 as UInt64, at: bucket)
        cells.addSlowly(value, at: Int(sumIndex))
        guard let scale else { return }
        let (owned, areShared) = cells.cellsSlowly()
        scale.countSlowly(scale.place(of: value), in: owned + Int(sumIndex) + 1, areShared: areShared)
    }

    /// Observations in all buckets, for tests.
    public var count: UInt64 {
        (0..<Int(sumIndex)).reduce(0) { $0 &+ cells.total(at: $1) }
    }

    public var sum: Double {
        cells.floatingTotal(at: Int(sumIndex))
    }
}

extension Histogram {
    /// The buckets of a metric, shared by all its series and kept for the process' life.
    ///
    /// `@unchecked Sendable`: never written after `init`.
    struct Bounds: @unchecked Sendable {
        let count: Int
        let paddedCount: Int
        let padded: UnsafeMutablePointer<Double>
        /// Nil where there are no native buckets.
        let scale: NativeScale?

        init(_ values: [Double], isNative: Bool) {
            count = values.count
            paddedCount = (values.count + Histogram.stride - 1) / Histogram.stride * Histogram.stride
            padded = .allocate(capacity: max(1, paddedCount))
            padded.initialize(repeating: .infinity, count: max(1, paddedCount))
            for (index, value) in values.enumerated() {
                padded[index] = value
            }
            scale = isNative ? NativeScale(above: values.last ?? 1) : nil
        }

        var values: UnsafeBufferPointer<Double> { UnsafeBufferPointer(start: padded, count: count) }

        /// After one cell per bucket, the infinite one included.
        var sumIndex: Int { count + 1 }
        var nativeIndex: Int { sumIndex + 1 }

        var cellCount: Int { nativeIndex + (scale == nil ? 0 : NativeScale.cellCount) }
    }
}
