import Synchronization

/// Hands out the cells of one registry.
///
/// Its memory is given out again, but never freed: handles are trivial values that may outlive the registry,
/// and a registry is made once a process. Tests that make many pay a few kilobytes for each.
final class CellBank: Sendable {
    private struct State: ~Copyable {
        var ranges: [CellRange] = []
        var cellsUsed = CellRange.chunkCells
        /// Cells that were given back, by how many there are together.
        var free: [Int: [CellRange]] = [:]
    }

    private let state = Mutex(State())

    /// `count` neighbouring cells, all zero.
    func reserve(_ count: Int) -> CellRange {
        precondition(count > 0 && count < CellRange.chunkCells, "a series must fit in one chunk")
        return state.withLock { state in
            if let used = state.free[count]?.popLast() { return used }
            if state.cellsUsed + count > CellRange.chunkCells {
                state.ranges.append(CellRange(table: Self.emptyTable(), offset: 0))
                state.cellsUsed = CellRange.mistakeOffset + 1
            }
            defer { state.cellsUsed += count }
            return CellRange(table: state.ranges[state.ranges.count - 1].table, offset: state.cellsUsed)
        }
    }

    /// Takes back what `reserve` gave. Nobody may have a handle to it any more, nor be reading it.
    func giveBack(_ range: CellRange, _ count: Int) {
        range.clear(count)
        state.withLock { $0.free[count, default: []].append(range) }
    }

    /// What callers did wrong with any handle of this registry.
    var mistakes: UInt64 {
        let ranges = state.withLock { $0.ranges }
        return ranges.reduce(0) { $0 &+ $1.total(at: CellRange.mistakeOffset) }
    }

    private static func emptyTable() -> CellRange.Table {
        let slots = CellRange.exemplarSlot + 1
        let table = CellRange.Table.allocate(capacity: slots)
        for slot in 0..<slots {
            (table + slot).initialize(to: Atomic<CellRange.Chunk?>(nil))
        }
        return table
    }
}
