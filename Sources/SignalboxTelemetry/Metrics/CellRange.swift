public import Glibc
public import Synchronization

/// Where the values of one series live: the same few cells at one offset in each thread's own chunk.
///
/// A trivial value on purpose: with a reference in it, every use of a stored handle would cost a retain and
/// a release, more than the increment itself. The memory that it points to is therefore never freed (see
/// `CellBank`).
///
/// `@unchecked Sendable`: a chunk is written by the thread that owns its slot alone, the chunk of the
/// shared slot by atomic additions only; everybody may read.
@usableFromInline
struct CellRange: @unchecked Sendable {
    @usableFromInline typealias Cell = Atomic<UInt64>
    @usableFromInline typealias Chunk = UnsafeMutablePointer<Cell>
    /// One chunk per thread slot, absent until the slot's thread first needs it, and one for exemplars.
    @usableFromInline typealias Table = UnsafeMutablePointer<Atomic<Chunk?>>

    static let chunkCells = 512
    /// The first cell of every chunk counts the mistakes of callers; `reserve` never hands it out.
    static let mistakeOffset = 0

    @usableFromInline let table: Table
    @usableFromInline let offset: UInt32
    /// Kept here because a global costs a check for its initialisation on every use.
    @usableFromInline let key: pthread_key_t

    init(table: Table, offset: Int) {
        self.table = table
        self.offset = UInt32(offset)
        self.key = ThreadSlot.key
    }

    /// The calling thread's own cells; nil sends the caller to `cellsSlowly`.
    @inlinable
    var owned: Chunk? {
        let slot = UInt(bitPattern: pthread_getspecific(key))
        guard slot &- 1 < UInt(bitPattern: ThreadSlot.ownedMax) else { return nil }
        guard let chunk = table[Int(bitPattern: slot)].load(ordering: .acquiring) else { return nil }
        return chunk + Int(offset)
    }

    /// The calling thread's cells, made if this is its first use of them, and whether other threads write
    /// them too.
    func cellsSlowly() -> (cells: Chunk, areShared: Bool) {
        let slot = ThreadSlot.current(key)
        return (chunk(of: slot) + Int(offset), slot == ThreadSlot.shared)
    }

    func chunk(of slot: Int) -> Chunk {
        if let chunk = table[slot].load(ordering: .acquiring) { return chunk }
        // 128: processors fetch cache lines in pairs.
        let bytes = UnsafeMutableRawPointer.allocate(
            byteCount: Self.chunkCells * MemoryLayout<Cell>.stride, alignment: 128)
        let fresh = bytes.bindMemory(to: Cell.self, capacity: Self.chunkCells)
        for index in 0..<Self.chunkCells {
            (fresh + index).initialize(to: Cell(0))
        }
        let (isOurs, theirs) = table[slot].compareExchange(
            expected: nil, desired: fresh, ordering: .acquiringAndReleasing)
        if isOurs { return fresh }
        bytes.deallocate()
        return theirs ?? fresh
    }

    /// Each cell only ever grows, so the sum never goes backwards, whatever threads came and went.
    func total(at index: Int = 0) -> UInt64 {
        var sum: UInt64 = 0
        for slot in 0...ThreadSlot.highest {
            guard let chunk = table[slot].load(ordering: .acquiring) else { continue }
            sum &+= chunk[Int(offset) + index].load(ordering: .relaxed)
        }
        return sum
    }

    func floatingTotal(at index: Int = 0) -> Double {
        floatingTotal(at: index, fromSlot: ThreadSlot.shared)
    }

    /// The cells of each thread that has any.
    func forEachChunk(_ body: (Chunk) -> Void) {
        for slot in 0...ThreadSlot.highest {
            guard let chunk = table[slot].load(ordering: .acquiring) else { continue }
            body(chunk + Int(offset))
        }
    }

    /// Sets `count` cells to zero that nobody uses any more.
    func clear(_ count: Int) {
        forEachChunk { cells in
            for index in 0..<count { cells[index].store(0, ordering: .relaxed) }
        }
        freeExemplars(count)
    }

    /// Puts what `value` lacks into the shared slot's cell. An addition meanwhile counts as before or after
    /// it.
    func setFloatingTotal(to value: Double) {
        let rest = value - floatingTotal(at: 0, fromSlot: ThreadSlot.shared + 1)
        chunk(of: ThreadSlot.shared)[Int(offset)].store(rest.bitPattern, ordering: .relaxed)
    }

    private func floatingTotal(at index: Int, fromSlot first: Int) -> Double {
        var sum = 0.0
        for slot in first..<(ThreadSlot.highest + 1) {
            guard let chunk = table[slot].load(ordering: .acquiring) else { continue }
            sum += Double(bitPattern: chunk[Int(offset) + index].load(ordering: .relaxed))
        }
        return sum
    }
}

extension CellRange {
    @usableFromInline
    @inline(never)
    func addSlowly(_ amount: UInt64, at index: Int = 0) {
        let (cells, areShared) = cellsSlowly()
        guard areShared else { return Self.add(amount, to: cells + index) }
        cells[index].wrappingAdd(amount, ordering: .relaxed)
    }

    @usableFromInline
    @inline(never)
    func addSlowly(_ amount: Double, at index: Int = 0) {
        let (cells, areShared) = cellsSlowly()
        guard areShared else { return Self.add(amount, to: cells + index) }
        var known = cells[index].load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: known) + amount).bitPattern
            let (isDone, current) = cells[index].weakCompareExchange(
                expected: known, desired: sum, ordering: .relaxed)
            if isDone { return }
            known = current
        }
    }

    /// One writer: a plain load and store, which other threads nevertheless see whole.
    @inlinable
    static func add(_ amount: UInt64, to cell: Chunk) {
        cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    @inlinable
    static func add(_ amount: Double, to cell: Chunk) {
        let sum = Double(bitPattern: cell.pointee.load(ordering: .relaxed)) + amount
        cell.pointee.store(sum.bitPattern, ordering: .relaxed)
    }

    @usableFromInline
    @inline(never)
    func countMistake() {
        let (cells, areShared) = cellsSlowly()
        let mistakes = cells - Int(offset) + Self.mistakeOffset
        guard areShared else { return Self.add(1 as UInt64, to: mistakes) }
        mistakes.pointee.wrappingAdd(1, ordering: .relaxed)
    }
}
