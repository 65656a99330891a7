import Synchronization

/// Owns the cells of one series, and gives them back once nobody can have a use for them: no scrape, and no
/// scope whose handles point to them.
final class CellLease: Sendable {
    let cells: CellRange
    private let content: MetricFamily.Content
    private let bank: CellBank
    private let isForEver = Atomic(false)

    init(_ content: MetricFamily.Content, from bank: CellBank) {
        self.content = content
        self.bank = bank
        cells = bank.reserve(content.cellCount)
    }

    deinit {
        guard !isForEver.load(ordering: .acquiring) else { return }
        if case .histogram(let bounds) = content {
            bounds.scale?.freeBlocks(cells, at: bounds.nativeIndex)
        }
        bank.giveBack(cells, content.cellCount)
    }

    /// Somebody has a handle who will not say when they are done with it.
    func keepForEver() {
        isForEver.store(true, ordering: .releasing)
    }
}
