import Glibc
public import Synchronization

/// Where the native buckets of one metric lie: eight to each doubling (schema 3, each 9 % wider than the one
/// before), over 64 doublings that end 16 above the highest classic bound.
///
/// What is smaller counts as zero, which the zero threshold says. What is larger counts in the highest
/// bucket: quantiles stop there, 65,536 times beyond the last classic bound; the sum stays exact.
///
/// A series' cells hold the count of zeros and then pointers, one to each block of four doublings. A thread
/// makes a block when it first needs it, so that a series has memory for the sizes that it sees.
///
/// `@unchecked Sendable`: the table is written once and never freed.
@usableFromInline
struct NativeScale: @unchecked Sendable {
    static let schema = 3
    static let perDoubling = 1 << schema
    static let doublings = 64
    private static let doublingsAbove = 16
    static let bucketCount = doublings * perDoubling
    @usableFromInline static var blockBits: Int { 5 }
    @usableFromInline static var blockCells: Int { 1 << blockBits }
    @usableFromInline static var blockCount: Int { 16 }
    /// The count of zeros and the pointers.
    static let cellCount = 1 + blockCount

    /// The exponent, as a float's bits have it, of the zero threshold, which is where the first bucket
    /// begins.
    @usableFromInline let lowestBits: Int32
    @usableFromInline let steps: UnsafePointer<UInt64>

    /// - Parameter bound: the highest of the classic ones.
    init(above bound: Double) {
        let highest = Int(bound.magnitude.exponent.clamped(to: -1_000...1_000)) + 1 + Self.doublingsAbove
        let lowest = max(highest - Self.doublings, -1_022)
        lowestBits = Int32(lowest + 1_023)
        steps = Self.steps
    }

    var zeroThreshold: Double {
        Double(sign: .plus, exponent: lowest, significand: 1)
    }

    private var lowest: Int { Int(lowestBits) - 1_023 }

    /// For each sixteenth of a doubling, in the upper 12 bits how many of 2^(0/8) … 2^(7/8) lie below it, and
    /// in the other 52 the mantissa of the one that lies in it. None has two: they are a sixteenth apart or
    /// more.
    nonisolated(unsafe) private static let steps: UnsafePointer<UInt64> = {
        let bounds = (0..<perDoubling).map { mantissa(exp2(Double($0) / Double(perDoubling))) }
        let table = UnsafeMutablePointer<UInt64>.allocate(capacity: 16)
        for part in 0..<16 {
            let start = UInt64(part) << 48
            let below = UInt64(bounds.count { $0 < start })
            let inside = bounds.first { (start..<(start + 1 << 48)).contains($0) } ?? mantissaMask
            (table + part).initialize(to: below << 52 | inside)
        }
        return UnsafePointer(table)
    }()

    @usableFromInline static var mantissaMask: UInt64 { 1 << 52 - 1 }

    private static func mantissa(_ value: Double) -> UInt64 {
        value.bitPattern & mantissaMask
    }

    /// The place of the bucket that `value`, which is not negative, belongs to: negative where it counts as
    /// zero, beyond `bucketCount` where it is too large.
    @inlinable
    func place(of value: Double) -> Int {
        let bits = value.bitPattern
        let exponent = Int(truncatingIfNeeded: bits >> 52 & 0x7FF) &- Int(lowestBits)
        let step = steps[Int(truncatingIfNeeded: bits >> 48 & 15)]
        let isAbove = bits & NativeScale.mantissaMask > step & NativeScale.mantissaMask
        // A power of two ends a bucket; one bit more begins the next.
        return exponent &* 8 &+ Int(truncatingIfNeeded: step >> 52) &+ (isAbove ? 1 : 0) &- 1
    }
}

extension NativeScale {
    /// Counts `value` in the cells at `cells`, the thread's own.
    @inlinable
    func count(_ value: Double, in cells: CellRange.Chunk) {
        let place = place(of: value)
        let block = UInt(bitPattern: place) >> UInt(NativeScale.blockBits)
        guard block < UInt(NativeScale.blockCount) else {
            return countSlowly(place, in: cells, areShared: false)
        }
        let bits = (cells + 1 + Int(bitPattern: block)).pointee.load(ordering: .relaxed)
        guard let counts = CellRange.Chunk(bitPattern: UInt(bits)) else {
            return countSlowly(place, in: cells, areShared: false)
        }
        CellRange.add(1 as UInt64, to: counts + (place & (NativeScale.blockCells &- 1)))
    }

    @usableFromInline
    @inline(never)
    func countSlowly(_ place: Int, in cells: CellRange.Chunk, areShared: Bool) {
        let cell = place < 0 ? cells : bucket(min(place, Self.bucketCount - 1), in: cells)
        guard areShared else { return CellRange.add(1 as UInt64, to: cell) }
        cell.pointee.wrappingAdd(1, ordering: .relaxed)
    }

    private func bucket(_ place: Int, in cells: CellRange.Chunk) -> CellRange.Chunk {
        let pointer = cells + 1 + place >> Self.blockBits
        let counts = Self.block(at: pointer) ?? Self.makeBlock(at: pointer)
        return counts + place & (Self.blockCells - 1)
    }

    private static func block(at pointer: CellRange.Chunk) -> CellRange.Chunk? {
        CellRange.Chunk(bitPattern: UInt(pointer.pointee.load(ordering: .acquiring)))
    }

    private static func makeBlock(at pointer: CellRange.Chunk) -> CellRange.Chunk {
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: blockCells * MemoryLayout<CellRange.Cell>.stride, alignment: 64)
        let fresh = bytes.bindMemory(to: CellRange.Cell.self, capacity: blockCells)
        for index in 0..<blockCells { (fresh + index).initialize(to: CellRange.Cell(0)) }
        let (isOurs, theirs) = pointer.pointee.compareExchange(
            expected: 0, desired: UInt64(UInt(bitPattern: fresh)), ordering: .acquiringAndReleasing)
        if isOurs { return fresh }
        bytes.deallocate()
        return CellRange.Chunk(bitPattern: UInt(theirs)) ?? fresh
    }
}

extension NativeScale {
    /// What all threads counted in the cells from `index` on.
    func read(_ range: CellRange, at index: Int) -> NativeBuckets {
        var counts = [UInt64](repeating: 0, count: Self.bucketCount)
        var zeros: UInt64 = 0
        range.forEachChunk { cells in
            zeros &+= cells[index].load(ordering: .relaxed)
            for block in 0..<Self.blockCount {
                guard let found = Self.block(at: cells + index + 1 + block) else { continue }
                let start = block << Self.blockBits
                for place in 0..<Self.blockCells {
                    counts[start + place] &+= found[place].load(ordering: .relaxed)
                }
            }
        }
        let first = counts.firstIndex { $0 > 0 } ?? 0
        let end = counts.lastIndex { $0 > 0 }.map { $0 + 1 } ?? 0
        return NativeBuckets(
            schema: Self.schema, zeroThreshold: zeroThreshold, zeroCount: zeros,
            firstIndex: lowest * Self.perDoubling + first + 1, counts: counts[first..<max(first, end)])
    }

    /// Frees the blocks of cells that nobody uses any more.
    func freeBlocks(_ range: CellRange, at index: Int) {
        range.forEachChunk { cells in
            for block in 0..<Self.blockCount {
                let pointer = cells + index + 1 + block
                Self.block(at: pointer)?.deallocate()
                pointer.pointee.store(0, ordering: .relaxed)
            }
        }
    }
}

extension Comparable {
    fileprivate func clamped(to range: ClosedRange<Self>) -> Self {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
