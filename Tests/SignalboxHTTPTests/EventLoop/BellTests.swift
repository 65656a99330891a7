import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct BellTests {
    private static let never = Instant(nanoseconds: .max)

    /// A bell on a loop whose clock stands still until it is moved.
    private struct Tower {
        let clock = ManualClock()
        let test: TestLoop
        let bell: Bell

        init(cancelledBy canceller: IncomingReply.Canceller = .owner) throws {
            test = try TestLoop(clock: clock)
            bell = Bell(on: test.loop, cancelledBy: canceller)
        }

        /// Starts a wait; what it hears comes out of the second value.
        func wait(until moment: Instant) throws -> (task: Task<Void, Never>, heard: Handover<Bell.Sound>) {
            let (bell, heard) = (bell, Handover<Bell.Sound>())
            let task = test.loop.spawn { heard.put(await bell.wait(until: moment)) }
            try test.settle()
            return (task, heard)
        }

        func armedTimers() throws -> Int {
            let loop = test.loop
            return try loop.run { loop.armedTimers }
        }
    }

    @Test func `a ring from any thread ends the wait`() throws {
        let tower = try Tower()
        let heard = try tower.wait(until: Self.never).heard
        #expect(heard.count == 0)
        tower.bell.ring()
        #expect(try heard.take() == .rung)
        #expect(try tower.armedTimers() == 0)
    }

    @Test func `rings that nobody waited for end the next wait, and that alone`() throws {
        let tower = try Tower()
        for _ in 0..<3 { tower.bell.ring() }
        try tower.test.settle()
        #expect(try tower.wait(until: Self.never).heard.take() == .rung)
        let heard = try tower.wait(until: tower.clock.now().advanced(by: .seconds(1))).heard
        #expect(heard.count == 0)
        try tower.test.advance(tower.clock, by: .seconds(1))
        #expect(try heard.take() == .late)
    }

    @Test func `the wait ends when its moment comes, and not before`() throws {
        let tower = try Tower()
        let heard = try tower.wait(until: tower.clock.now().advanced(by: .seconds(5))).heard
        try tower.test.advance(tower.clock, by: .seconds(5) - .nanoseconds(1))
        #expect(heard.count == 0)
        try tower.test.advance(tower.clock, by: .nanoseconds(1))
        #expect(try heard.take() == .late)
        #expect(try tower.armedTimers() == 0)
    }

    @Test func `a moment that has passed ends the wait at once, but a ring goes before it`() throws {
        let tower = try Tower()
        #expect(try tower.wait(until: tower.clock.now()).heard.take() == .late)
        tower.bell.ring()
        #expect(try tower.wait(until: .past).heard.take() == .rung)
        #expect(try tower.wait(until: .past).heard.take() == .late)
    }

    @Test func `a ring in the turn in which the moment comes is not lost`() throws {
        let tower = try Tower()
        let moment = tower.clock.now().advanced(by: .seconds(1))
        let heard = try tower.wait(until: moment).heard
        let (bell, clock) = (tower.bell, tower.clock)
        tower.test.loop.execute {
            bell.timerFired(at: moment)
            bell.ring()
            clock.advance(by: .seconds(2))
        }
        #expect(try heard.take() == .rung)
        #expect(try tower.armedTimers() == 0)
    }

    @Test func `its owner gives it up for good, whoever rings`() throws {
        let tower = try Tower()
        let heard = try tower.wait(until: Self.never).heard
        let bell = tower.bell
        tower.test.loop.execute {
            bell.ring()
            bell.cancel()
        }
        #expect(try heard.take() == .cancelled)
        tower.bell.ring()
        #expect(try tower.wait(until: Self.never).heard.take() == .cancelled)
        #expect(try tower.armedTimers() == 0)
    }

    @Test func `a cancelled task gives up a bell that is the task's`() throws {
        let tower = try Tower(cancelledBy: .task)
        let (task, heard) = try tower.wait(until: Self.never)
        task.cancel()
        #expect(try heard.take() == .cancelled)
        let (bell, later) = (tower.bell, Handover<Bell.Sound>())
        tower.test.loop.spawn {
            withUnsafeCurrentTask { $0?.cancel() }
            later.put(await bell.wait(until: Self.never))
        }
        #expect(try later.take() == .cancelled)
    }

    @Test func `a cancelled task does not give up a bell that has an owner`() throws {
        let tower = try Tower(cancelledBy: .owner)
        let (task, heard) = try tower.wait(until: Self.never)
        task.cancel()
        try tower.test.settle()
        #expect(heard.count == 0)
        tower.bell.ring()
        #expect(try heard.take() == .rung)
    }
}
