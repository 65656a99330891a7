import SignalboxCore
import Synchronization

/// Exemplars stand in a chunk of their own, beside those of the threads: its cell at a count's place points
/// to that count's exemplar. Who uses none pays nothing for them, neither memory nor time.
extension CellRange {
    static let exemplarSlot = ThreadSlot.ownedMax + 1

    /// Whether any series nearby has one.
    var hasExemplars: Bool {
        table[Self.exemplarSlot].load(ordering: .acquiring) != nil
    }

    func exemplar(at index: Int) -> TakenExemplar? {
        guard let chunk = table[Self.exemplarSlot].load(ordering: .acquiring) else { return nil }
        return ExemplarCell(in: chunk + Int(offset) + index)?.taken
    }

    /// Keeps `exemplar` for the count at `index`, unless that one's latest is less than a second older.
    @usableFromInline
    @inline(never)
    func offer(_ exemplar: Exemplar, value: Double, at index: Int) {
        let place = chunk(of: Self.exemplarSlot) + Int(offset) + index
        let cell = ExemplarCell(in: place) ?? ExemplarCell(madeIn: place)
        cell.offer(exemplar, value: value)
    }

    /// Frees the exemplars of `count` cells that nobody uses any more.
    func freeExemplars(_ count: Int) {
        guard let chunk = table[Self.exemplarSlot].load(ordering: .acquiring) else { return }
        for index in 0..<count { ExemplarCell.free(in: chunk + Int(offset) + index) }
    }
}

/// One exemplar, written by any thread: never more than one a second, and whoever comes while another writes
/// goes on without.
private struct ExemplarCell {
    private enum Word: Int, CaseIterable {
        case isBusy
        /// Nanoseconds since 1970; 0 is no exemplar yet.
        case time
        case value
        case traceIDHigh
        case traceIDLow
        case spanID
    }

    private static let intervalNanoseconds: Int64 = 1_000_000_000
    private static let attemptsMax = 1_000

    private let words: CellRange.Chunk

    /// The one that `place` points to.
    init?(in place: CellRange.Chunk) {
        let bits = UInt(place.pointee.load(ordering: .acquiring))
        guard let words = CellRange.Chunk(bitPattern: bits) else { return nil }
        self.words = words
    }

    init(madeIn place: CellRange.Chunk) {
        let fresh = CellRange.Chunk.allocate(capacity: Word.allCases.count)
        for index in Word.allCases.indices { (fresh + index).initialize(to: CellRange.Cell(0)) }
        let (isOurs, theirs) = place.pointee.compareExchange(
            expected: 0, desired: UInt64(UInt(bitPattern: fresh)), ordering: .acquiringAndReleasing)
        if isOurs {
            words = fresh
        } else {
            fresh.deallocate()
            words = CellRange.Chunk(bitPattern: UInt(theirs)) ?? fresh
        }
    }

    static func free(in place: CellRange.Chunk) {
        let bits = UInt(place.pointee.exchange(0, ordering: .acquiringAndReleasing))
        CellRange.Chunk(bitPattern: bits)?.deallocate()
    }

    func offer(_ exemplar: Exemplar, value: Double) {
        let time = exemplar.time.nanosecondsSince1970
        let last = Int64(bitPattern: self[.time])
        // A clock that was set back must not stop them for ever.
        guard last == 0 || time >= last &+ Self.intervalNanoseconds || time < last, begin() else { return }
        self[.time] = UInt64(bitPattern: time)
        self[.value] = value.bitPattern
        self[.traceIDHigh] = exemplar.traceIDHigh
        self[.traceIDLow] = exemplar.traceIDLow
        self[.spanID] = exemplar.spanID
        end()
    }

    /// Nil as well where a writer was interrupted half-way: the next scrape has it.
    var taken: TakenExemplar? {
        guard (0..<Self.attemptsMax).contains(where: { _ in begin() }) else { return nil }
        defer { end() }
        let time = Int64(bitPattern: self[.time])
        guard time != 0 else { return nil }
        let exemplar = Exemplar(
            traceIDHigh: self[.traceIDHigh], traceIDLow: self[.traceIDLow], spanID: self[.spanID],
            time: WallTime(nanosecondsSince1970: time))
        return TakenExemplar(exemplar, value: Double(bitPattern: self[.value]))
    }

    private func begin() -> Bool {
        cell(.isBusy).pointee.compareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
    }

    private func end() {
        cell(.isBusy).pointee.store(0, ordering: .releasing)
    }

    private func cell(_ word: Word) -> CellRange.Chunk {
        words + word.rawValue
    }

    private subscript(word: Word) -> UInt64 {
        get { cell(word).pointee.load(ordering: .relaxed) }
        nonmutating set { cell(word).pointee.store(newValue, ordering: .relaxed) }
    }
}
