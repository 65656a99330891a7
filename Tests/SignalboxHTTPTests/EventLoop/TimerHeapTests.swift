import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite struct TimerHeapTests {
    private func t(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `any history leaves what a sorted array would hold`(seed: UInt64) {
        for run in 0..<100 as Range<UInt64> {
            var history = History(seed: seed << 32 | run)
            for _ in 0..<120 {
                history.step()
                if let fault = history.fault {
                    Issue.record("seed \(seed), run \(run): \(fault)")
                    return
                }
            }
            history.drain()
            #expect(history.fault == nil, "seed \(seed), run \(run)")
        }
    }

    @Test func `timers of one instant all fire, and none before it`() {
        var heap = TimerHeap<Int>()
        for payload in 0..<50 { _ = heap.insert(payload, at: t(7)) }
        let early = heap.popDue(at: t(6))
        #expect(early == nil)
        var seen: Set<Int> = []
        while let due = heap.popDue(at: t(7)) { seen.insert(due.payload) }
        #expect(seen == Set(0..<50))
        #expect(heap.count == 0 && heap.earliest == nil)
    }

    @Test func `a removed timer does not fire, and is removed once`() {
        var heap = TimerHeap<Int>()
        let id = heap.insert(1, at: t(1))
        let other = heap.insert(2, at: t(2))
        let removals = [heap.remove(id), heap.remove(id)]
        #expect(removals == [true, false])
        #expect(heap.earliest == t(2))
        let due = heap.popDue(at: t(9))
        #expect(due?.payload == 2)
        let late = heap.remove(other)
        #expect(!late)
    }

    @Test func `a stale id never disarms the timer that has taken its place`() {
        var heap = TimerHeap<Int>()
        let fired = heap.insert(1, at: t(1))
        _ = heap.popDue(at: t(1))
        let removed = heap.insert(2, at: t(2))
        #expect(removed != fired)
        heap.remove(removed)
        let present = heap.insert(3, at: t(3))
        let stale = [heap.remove(fired), heap.remove(removed)]
        #expect(stale == [false, false])
        #expect(heap.count == 1 && heap.earliest == t(3))
        let removal = heap.remove(present)
        #expect(removal)
    }

    @Test func `a fired or removed timer lets go of its payload`() {
        final class Payload {}
        var heap = TimerHeap<Payload>()
        weak var fired: Payload?
        weak var removed: Payload?
        do {
            let (one, two) = (Payload(), Payload())
            (fired, removed) = (one, two)
            _ = heap.insert(one, at: t(1))
            heap.remove(heap.insert(two, at: t(2)))
            _ = heap.popDue(at: t(1))
        }
        #expect(fired == nil && removed == nil)
    }

    @Test func `places are used again, so that a busy heap does not grow`() {
        var heap = TimerHeap<Int>()
        for round in 0..<10_000 {
            let id = heap.insert(round, at: t(Int64(round)))
            #expect(id.slot == 0)
            heap.remove(id)
        }
    }
}

/// Random operations on a heap, and on an array that is searched the slow way.
private struct History {
    private typealias Entry = (id: TimerID, payload: Int, deadline: Instant)

    private var random: FastRandom
    private var heap = TimerHeap<Int>()
    private var model: [Entry] = []
    private var stale: [TimerID] = []
    private var now: Int64 = 0
    private var next = 0
    /// The first disagreement.
    private(set) var fault: String?

    init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    mutating func step() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5: insert()
        case 5..<7: removeOne()
        case 7: removeStale()
        default:
            now += Int64.random(in: 0...20, using: &random)
            fire()
        }
        check(heap.count == model.count, "the count is wrong")
        check(heap.earliest == model.map(\.deadline).min(), "the earliest deadline is wrong")
    }

    mutating func drain() {
        now = .max
        fire()
        check(heap.count == 0, "a timer was left over")
    }

    private mutating func insert() {
        // Few distinct deadlines, some in the past, so that many collide.
        let deadline = Instant(nanoseconds: max(0, now + Int64.random(in: -5...40, using: &random)))
        model.append((heap.insert(next, at: deadline), next, deadline))
        next += 1
    }

    private mutating func removeOne() {
        guard !model.isEmpty else { return }
        let entry = model.remove(at: Int.random(in: 0..<model.count, using: &random))
        let isRemoved = heap.remove(entry.id)
        check(isRemoved, "timer \(entry.payload) could not be removed")
        stale.append(entry.id)
    }

    private mutating func removeStale() {
        guard let id = stale.randomElement(using: &random) else { return }
        let isRemoved = heap.remove(id)
        check(!isRemoved, "a stale id removed a timer")
    }

    private mutating func fire() {
        var last = Instant(nanoseconds: .min)
        while let due = heap.popDue(at: Instant(nanoseconds: now)) {
            check(due.deadline >= last, "fired out of order")
            last = due.deadline
            guard let index = model.firstIndex(where: { $0.payload == due.payload }) else {
                fault = fault ?? "timer \(due.payload) fired twice, or after its removal"
                return
            }
            check(model[index].deadline == due.deadline, "timer \(due.payload) has another deadline")
            stale.append(model.remove(at: index).id)
        }
        check(model.allSatisfy { $0.deadline > Instant(nanoseconds: now) }, "a due timer did not fire")
    }

    private mutating func check(_ holds: Bool, _ words: String) {
        if !holds && fault == nil { fault = words }
    }
}
