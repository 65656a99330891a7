import SignalboxCore

/// A binary heap of deadlines whose entries know their places, so that one is removed as cheaply as it was
/// added.
///
/// Most timers of a router never fire: a request arms one and disarms it a moment later. A heap without
/// removal would keep two minutes' worth of dead entries.
struct TimerHeap<Payload> {
    private struct Slot {
        var deadline: Instant
        var payload: Payload?
        var position: Int
        var generation: UInt32
    }

    private var slots: [Slot] = []
    private var free: [Int] = []
    /// Slot numbers, ordered as a binary heap by their deadlines.
    private var heap: [Int] = []

    init() {}

    var count: Int { heap.count }

    var earliest: Instant? {
        heap.first.map { slots[$0].deadline }
    }

    mutating func insert(_ payload: Payload, at deadline: Instant) -> TimerID {
        let slot: Int
        if let reused = free.popLast() {
            slot = reused
            slots[slot].deadline = deadline
            slots[slot].payload = payload
        } else {
            slot = slots.count
            slots.append(Slot(deadline: deadline, payload: payload, position: 0, generation: 0))
        }
        slots[slot].position = heap.count
        heap.append(slot)
        siftUp(from: heap.count - 1)
        return TimerID(slot: Int32(slot), generation: slots[slot].generation)
    }

    /// Removes a timer that has not fired; false where it has fired or was removed before.
    @discardableResult
    mutating func remove(_ id: TimerID) -> Bool {
        let slot = Int(id.slot)
        guard slot < slots.count, slots[slot].generation == id.generation, slots[slot].payload != nil else {
            return false
        }
        release(at: slots[slot].position)
        return true
    }

    /// Takes the earliest timer if it is due.
    mutating func popDue(at now: Instant) -> (payload: Payload, deadline: Instant)? {
        guard let slot = heap.first, slots[slot].deadline <= now, let payload = slots[slot].payload else {
            return nil
        }
        let deadline = slots[slot].deadline
        release(at: 0)
        return (payload, deadline)
    }

    private mutating func release(at position: Int) {
        let slot = heap[position]
        let last = heap.removeLast()
        if last != slot {
            heap[position] = last
            slots[last].position = position
            siftDown(from: position)
            siftUp(from: slots[last].position)
        }
        slots[slot].payload = nil
        slots[slot].generation &+= 1
        free.append(slot)
    }

    private mutating func siftUp(from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard slots[heap[position]].deadline < slots[heap[parent]].deadline else { return }
            swap(position, parent)
            position = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var position = start
        while true {
            var smallest = position
            let left = 2 * position + 1
            for child in left..<min(left + 2, max(left, heap.count)) {
                if slots[heap[child]].deadline < slots[heap[smallest]].deadline { smallest = child }
            }
            if smallest == position { return }
            swap(position, smallest)
            position = smallest
        }
    }

    private mutating func swap(_ one: Int, _ other: Int) {
        heap.swapAt(one, other)
        slots[heap[one]].position = one
        slots[heap[other]].position = other
    }
}

/// Names one armed timer; stale once it has fired or was disarmed.
public struct TimerID: Sendable, Hashable {
    let slot: Int32
    let generation: UInt32
}
