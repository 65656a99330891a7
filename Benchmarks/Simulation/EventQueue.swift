import HeapModule
import SignalboxCore

/// What happens when, earliest first; at the same instant in the order of adding.
struct EventQueue<Event> {
    private struct Entry: Comparable {
        let instant: Instant
        let number: Int
        let event: Event

        static func < (left: Entry, right: Entry) -> Bool {
            (left.instant, left.number) < (right.instant, right.number)
        }

        static func == (left: Entry, right: Entry) -> Bool { left.number == right.number }
    }

    private var heap = Heap<Entry>()
    private var number = 0

    mutating func add(_ event: Event, at instant: Instant) {
        number += 1
        heap.insert(Entry(instant: instant, number: number, event: event))
    }

    mutating func next() -> (Instant, Event)? {
        heap.popMin().map { ($0.instant, $0.event) }
    }
}
