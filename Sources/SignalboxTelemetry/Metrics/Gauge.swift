/// A value that goes up and down.
///
/// Threads add to cells of their own, as counters do, so that counting requests in flight shares no cache line. The
/// value is the sum over all cells; `set` puts the difference into the shared one.
public struct Gauge: Sendable {
    @usableFromInline let cells: CellRange

    init(cells: CellRange) {
        self.cells = cells
    }

    /// NaN and infinities are ignored, and counted as mistakes.
    public func set(_ value: Double) {
        guard value.isFinite else { return cells.countMistake() }
        cells.setFloatingTotal(to: value)
    }

    @inlinable
    public func add(_ amount: Double) {
        guard amount.isFinite else { return cells.countMistake() }
        guard let cell = cells.owned else { return cells.addSlowly(amount) }
        CellRange.add(amount, to: cell)
    }

    @inlinable
    public func increment() {
        add(1)
    }

    @inlinable
    public func decrement() {
        add(-1)
    }

    public var value: Double {
        cells.floatingTotal()
    }
}
