import HeapModule
import SignalboxCore

/// One provider's line: a heap in which who leaves from the middle stays behind as a dead entry, until those
/// come to the front or are more than the living.
struct WaitingLine: Sendable {
    struct Place: Sendable, Comparable {
        var order: Instant
        var arrival: UInt64
        var id: WaiterID

        static func < (left: Place, right: Place) -> Bool {
            left.order == right.order ? left.arrival < right.arrival : left.order < right.order
        }
    }

    private var heap = Heap<Place>()
    private var living = 0
    /// The most entries since the heap was last rebuilt: it keeps memory for so many.
    private var entriesSeen = 0
    /// The living, by their priority's rank.
    private(set) var depths = [Int](repeating: 0, count: RequestPriority.allCases.count)

    /// So few dead or empty entries are not worth a rebuild.
    private static let slack = 64

    var head: WaiterID? { heap.min?.id }
    var entriesKept: Int { heap.count }

    mutating func add(_ place: Place, _ priority: RequestPriority) {
        heap.insert(place)
        living += 1
        entriesSeen = max(entriesSeen, heap.count)
        depths[priority.rank] += 1
    }

    /// - Parameter isHere: whether a waiter stands in this line; no longer true of `id`.
    /// - Returns: The new head, where `id` was the head before.
    mutating func remove(
        _ id: WaiterID, _ priority: RequestPriority, isHere: (WaiterID) -> Bool
    ) -> WaiterID? {
        living -= 1
        depths[priority.rank] -= 1
        let wasHead = head == id
        // The head is always alive.
        while let first = heap.min, !isHere(first.id) { heap.removeMin() }
        if heap.count > 2 * living + Self.slack || entriesSeen > 4 * living + Self.slack {
            heap = Heap(heap.unordered.filter { isHere($0.id) })
            entriesSeen = heap.count
        }
        return wasHead ? head : nil
    }
}

extension Dictionary {
    /// Gives memory back once most of it is unused; amortised, O(1) for each removal.
    package mutating func shrinkWhereSparse() {
        guard capacity > 4 * count + 64 else { return }
        self = filter { _ in true }
    }
}
