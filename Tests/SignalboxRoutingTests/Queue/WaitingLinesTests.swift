import SignalboxCore
import Testing

@testable import SignalboxRouting

struct WaitingLinesTests {
    private static let start = Instant(nanoseconds: 1_000_000_000)
    private static let aging = Duration.seconds(5)

    private static func desk(waitersMax: Int = 100) -> Desk {
        Desk(WaitingLines(waitersMax: waitersMax, aging: aging))
    }

    /// The lines with plain numbers for waiters.
    private final class Desk {
        private(set) var lines: WaitingLines

        init(_ lines: WaitingLines) {
            self.lines = lines
        }

        func join(
            _ number: Int, _ providers: [Int], _ priority: RequestPriority, at now: Instant = start
        ) -> Bool {
            lines.join(WaiterID(UInt64(number)), providers, priority: priority, at: now)
        }

        func leave(_ number: Int) -> [Int] {
            lines.leave(WaiterID(UInt64(number))).map { Int($0.number) }
        }

        func leave(_ number: Int, lineOf provider: Int) -> Int? {
            lines.leave(WaiterID(UInt64(number)), lineOf: provider).map { Int($0.number) }
        }

        func head(of provider: Int) -> Int? {
            lines.head(of: provider).map { Int($0.number) }
        }

        func isHead(_ number: Int) -> Bool {
            lines.isHead(WaiterID(UInt64(number)))
        }

        /// Everybody in the order in which they come to the front.
        func drain(of provider: Int = 0) -> [Int] {
            var order: [Int] = []
            while let head = head(of: provider) {
                order.append(head)
                _ = leave(head)
            }
            return order
        }
    }

    @Test func `of those who come together the more urgent goes first, and equals as they came`() {
        let desk = Self.desk()
        let priorities: [RequestPriority] = [.low, .normal, .critical, .high, .critical, .low]
        for (number, priority) in priorities.enumerated() {
            #expect(desk.join(number, [0], priority))
        }
        #expect(desk.drain() == [2, 4, 3, 1, 0, 5])
    }

    @Test(arguments: [(RequestPriority.high, 1), (.normal, 2), (.low, 3)])
    func `a class of priority is worth one aging of waiting`(priority: RequestPriority, classes: Int) {
        let desk = Self.desk()
        #expect(desk.join(1, [0], priority))
        let overtaking = Self.start.advanced(by: Self.aging * classes)
        #expect(desk.join(2, [0], .critical, at: overtaking))
        let earlier = overtaking.advanced(by: .nanoseconds(-1))
        #expect(desk.join(3, [0], .critical, at: earlier))
        #expect(desk.drain() == [3, 1, 2])
    }

    @Test func `no more than allowed wait, and a place that is left can be taken`() {
        let desk = Self.desk(waitersMax: 2)
        #expect(desk.join(1, [0, 1], .normal))
        #expect(desk.join(2, [1], .normal))
        #expect(!desk.join(3, [2], .critical))
        #expect(desk.head(of: 2) == nil)
        #expect(desk.lines.count == 2)
        _ = desk.leave(1)
        #expect(desk.join(3, [2], .critical))
    }

    @Test func `with no places nobody waits`() {
        let desk = Self.desk(waitersMax: 0)
        #expect(!desk.join(1, [0], .critical))
    }

    @Test func `who leaves hands on the head of each line that it led`() {
        let desk = Self.desk()
        #expect(desk.join(1, [0, 1, 2], .critical))
        #expect(desk.join(2, [0, 1], .high))
        #expect(desk.join(3, [1, 2], .low))
        #expect([0, 1, 2].allSatisfy { desk.head(of: $0) == 1 })
        #expect(desk.leave(1) == [2, 3])
        #expect(!desk.isHead(1))
        #expect(desk.head(of: 1) == 2)
        #expect(desk.leave(1).isEmpty)
    }

    @Test func `who leaves from the middle changes no head`() {
        let desk = Self.desk()
        for number in 1...3 {
            #expect(desk.join(number, [0], .normal))
        }
        #expect(desk.leave(2).isEmpty)
        #expect(desk.drain() == [1, 3])
    }

    @Test func `who gives one provider up leads its other lines on`() {
        let desk = Self.desk()
        #expect(desk.join(1, [0, 1], .normal))
        #expect(desk.join(2, [0], .normal))
        #expect(desk.leave(1, lineOf: 0) == 2)
        #expect(desk.leave(1, lineOf: 0) == nil)
        #expect(desk.head(of: 1) == 1)
        #expect(desk.leave(1, lineOf: 1) == nil)
        #expect(desk.lines.count == 2)
        #expect(desk.leave(1).isEmpty)
        #expect(desk.lines.count == 1)
    }

    @Test func `a line's depth counts each priority for itself`() {
        let desk = Self.desk()
        #expect(desk.join(1, [0, 3], .low))
        #expect(desk.join(2, [3], .low))
        #expect(desk.join(3, [3], .critical))
        #expect(desk.lines.depth(of: 3, .low) == 2)
        #expect(desk.lines.depth(of: 3, .critical) == 1)
        #expect(desk.lines.depth(of: 0, .low) == 1)
        #expect(desk.lines.depth(of: 1, .low) == 0)
        #expect(desk.lines.depth(of: 99, .low) == 0)
    }

    @Test func `memory follows who is there, not who was`() {
        let desk = Self.desk(waitersMax: 100_000)
        // One head that stays, and many who come and go behind it.
        #expect(desk.join(0, [0, 1], .critical))
        for number in 1...5_000 {
            _ = desk.join(number, [0, 1], .low)
            _ = desk.leave(number)
        }
        #expect(desk.lines.entriesKept <= 2 * (2 * 1 + 65))
        for number in 1...5_000 { _ = desk.join(number, [0], .low) }
        #expect(desk.lines.count == 5_001)
        for number in 1...5_000 { _ = desk.leave(number) }
        #expect(desk.lines.entriesKept <= 2 * (2 * 1 + 65))
        #expect(desk.lines.count == 1)
    }
}
