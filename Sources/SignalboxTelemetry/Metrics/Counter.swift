/// Counts things of one series. Resolve it once, keep it, and use it on any thread: it takes no lock.
public struct Counter: Sendable {
    @usableFromInline let cells: CellRange

    init(cells: CellRange) {
        self.cells = cells
    }

    @inlinable
    public func increment(by amount: UInt64 = 1) {
        guard let cell = cells.owned else { return cells.addSlowly(amount) }
        CellRange.add(amount, to: cell)
    }

    /// Counts `amount`, and keeps the trace behind it as the series' example, unless it has one that is less
    /// than a second older.
    @inlinable
    public func increment(by amount: UInt64 = 1, exemplar: Exemplar?) {
        increment(by: amount)
        guard let exemplar else { return }
        cells.offer(exemplar, value: Double(amount), at: 0)
    }

    /// A negative amount is ignored, and counted as a mistake.
    @inlinable
    public func increment(by amount: Int) {
        guard amount >= 0 else { return cells.countMistake() }
        increment(by: UInt64(truncatingIfNeeded: amount))
    }

    /// The sum over all threads, for tests and for the scrape.
    public var value: UInt64 {
        cells.total()
    }
}

/// Counts amounts that are not whole, such as seconds or money.
public struct FloatingCounter: Sendable {
    @usableFromInline let cells: CellRange

    init(cells: CellRange) {
        self.cells = cells
    }

    /// A negative or infinite amount, or NaN, is ignored, and counted as a mistake.
    @inlinable
    public func increment(by amount: Double) {
        guard amount >= 0 && amount < .infinity else { return cells.countMistake() }
        guard let cell = cells.owned else { return cells.addSlowly(amount) }
        CellRange.add(amount, to: cell)
    }

    /// Counts `amount`, and keeps the trace behind it as the series' example, unless it has one that is less
    /// than a second older.
    @inlinable
    public func increment(by amount: Double, exemplar: Exemplar?) {
        increment(by: amount)
        guard let exemplar, amount >= 0 && amount < .infinity else { return }
        cells.offer(exemplar, value: amount, at: 0)
    }

    public var value: Double {
        cells.floatingTotal()
    }
}
