import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@testable import Signalbox

@Suite(.timeLimit(.minutes(2))) struct WaitingRoomTests {
    /// A room on one loop whose clock stands still until it is moved.
    private final class House: Sendable {
        let clock = ManualClock()
        let loop: EventLoop
        let room: WaitingRoom
        let registry = MetricRegistry()

        init(_ settings: WaitingRoom.Settings = WaitingRoom.Settings()) throws {
            loop = try EventLoop(index: 0, clock: clock)
            room = WaitingRoom(
                settings, depths: .of(["a", "b"], in: registry), registry: registry)
            try loop.start()
        }

        deinit {
            // Not joined: where a test fails, a guest may wait for ever.
            loop.stop()
        }

        /// Blocks until everything submitted before has run, and what it made ready, too.
        func settle() throws {
            for _ in 0..<3 { try loop.run { await Task.yield() } }
        }

        func advance(by duration: Duration) throws {
            clock.advance(by: duration)
            try settle()
        }

        func join(
            _ providers: [Int] = [0], _ priority: RequestPriority = .normal,
            cancelledBy canceller: IncomingReply.Canceller = .owner
        ) throws -> Guest? {
            let (room, loop) = (room, loop)
            return try loop.run {
                room.join(providers, priority: priority, on: loop, cancelledBy: canceller).map {
                    Guest(place: $0, loop: loop)
                }
            }
        }

        func depth(_ provider: String, _ priority: RequestPriority) -> Double {
            registry.gauge(Catalogue.queueDepth).series(provider, priority.rawValue).value
        }

        func waits(_ priority: RequestPriority) -> Histogram {
            registry.histogram(Catalogue.queueWait).series(priority.rawValue)
        }

        func rejections(_ reason: QueueRejection) -> UInt64 {
            registry.counter(Catalogue.queueRejections).series(reason.rawValue).value
        }
    }

    /// A place in the hands of the test's thread, which uses it on its loop only.
    private struct Guest: Sendable {
        let place: WaitingPlace
        let loop: EventLoop
        let turns = Handover<WaitingPlace.Turn>()

        /// Waits for one turn, which comes out of `turns`.
        func wait(until moment: Instant? = nil) {
            let (place, turns) = (place, turns)
            loop.spawn { turns.put(await place.turn(until: moment ?? place.waitsUntil)) }
        }

        func leave(_ ending: WaitEnding = .served) throws {
            let place = place
            try loop.run { place.leave(ending) }
        }

        func does(_ body: @escaping @Sendable (WaitingPlace) -> Void) throws {
            let place = place
            try loop.run { body(place) }
        }

        func isHead(of provider: Int) throws -> Bool {
            let place = place
            return try loop.run { place.isHead(of: provider) }
        }
    }

    @Test func `the first to come is told to try at once, the next when the first has left`() throws {
        let house = try House()
        let guests = [try #require(try house.join()), try #require(try house.join())]
        for guest in guests { guest.wait() }
        #expect(try guests[0].turns.take() == .try)
        try house.settle()
        #expect(guests[1].turns.count == 0)
        #expect(try guests[0].isHead(of: 0) && !guests[1].isHead(of: 0))
        try guests[0].leave()
        #expect(try guests[1].turns.take() == .try)
        try guests[1].leave()
        #expect(!house.room.hasWaiters(for: 0))
    }

    @Test func `capacity that comes back wakes the head of that line, and nobody else`() throws {
        let house = try House()
        let guests = [try #require(try house.join([0])), try #require(try house.join([0, 1]))]
        for guest in guests {
            guest.wait()
            #expect(try guest.turns.take() == .try)
            guest.wait()
        }
        house.room.freed(0)
        #expect(try guests[0].turns.take() == .try)
        try house.settle()
        #expect(guests[1].turns.count == 0)
        house.room.freed(1)
        #expect(try guests[1].turns.take() == .try)
        for guest in guests { try guest.leave() }
    }

    @Test func `who is more urgent goes to the front, and the one before it waits on`() throws {
        let house = try House()
        let low = try #require(try house.join([0], .low))
        low.wait()
        #expect(try low.turns.take() == .try)
        low.wait()
        let critical = try #require(try house.join([0], .critical))
        house.room.freed(0)
        critical.wait()
        #expect(try critical.turns.take() == .try)
        try house.settle()
        #expect(low.turns.count == 0)
        try critical.leave(.givenUp)
        #expect(try low.turns.take() == .try)
        try low.leave()
    }

    @Test func `who was woken for a place that somebody more urgent came for waits on`() throws {
        let house = try House()
        let low = try #require(try house.join([0], .low))
        low.wait()
        #expect(try low.turns.take() == .try)
        // Rung while it does not wait, and overtaken before it asks again.
        house.room.freed(0)
        try house.settle()
        let critical = try #require(try house.join([0], .critical))
        low.wait()
        try house.settle()
        #expect(low.turns.count == 0)
        try critical.leave(.givenUp)
        #expect(try low.turns.take() == .try)
        try low.leave()
    }

    @Test func `patience ends when the settings say, and a sooner moment ends one turn`() throws {
        let house = try House(WaitingRoom.Settings(wait: .seconds(10)))
        let head = try #require(try house.join())
        let guest = try #require(try house.join([0], .low))
        let soon = house.clock.now().advanced(by: .seconds(2))
        guest.wait(until: soon)
        try house.advance(by: .seconds(2))
        #expect(try guest.turns.take() == .late)
        guest.wait()
        try house.advance(by: .seconds(7))
        #expect(guest.turns.count == 0)
        try house.advance(by: .seconds(1))
        #expect(try guest.turns.take() == .late)
        try guest.leave(.late)
        try head.leave()
        #expect(house.rejections(.late) == 1)
        #expect(house.waits(.low).sum == 10)
    }

    @Test func `a client that leaves ends its wait, by its task or by the place's owner`() throws {
        let house = try House()
        let head = try #require(try house.join())
        let owned = try #require(try house.join())
        owned.wait()
        try owned.does { $0.cancel() }
        #expect(try owned.turns.take() == .cancelled)
        try owned.leave(.givenUp)
        let tasked = try #require(try house.join(cancelledBy: .task))
        let (place, turns) = (tasked.place, tasked.turns)
        let task = house.loop.spawn { turns.put(await place.turn(until: place.waitsUntil)) }
        try house.settle()
        task.cancel()
        #expect(try turns.take() == .cancelled)
        try tasked.leave(.givenUp)
        #expect(house.depth("a", .normal) == 1)
        try head.leave()
        #expect(house.depth("a", .normal) == 0)
        #expect(house.rejections(.full) == 0 && house.rejections(.late) == 0)
    }

    @Test func `no more than allowed wait, and the one too many is counted`() throws {
        let house = try House(WaitingRoom.Settings(waitersMax: 1))
        let guest = try #require(try house.join())
        #expect(try house.join([1], .critical) == nil)
        #expect(house.rejections(.full) == 1)
        try guest.leave()
        try #require(try house.join([1])).leave()
    }

    @Test func `with new settings another number may wait`() throws {
        let house = try House(WaitingRoom.Settings(waitersMax: 0))
        #expect(try house.join() == nil)
        let settings = WaitingRoom.Settings(waitersMax: 1, wait: .seconds(3))
        house.room.adopt(settings, depths: .of(["a", "b", "c"], in: house.registry))
        let guest = try #require(try house.join([2], .high))
        #expect(house.depth("c", .high) == 1)
        #expect(house.clock.now().duration(to: guest.place.waitsUntil) == .seconds(3))
        try guest.leave()
    }

    @Test func `a waiter counts at the first of its providers, and its wait once, however often it leaves`()
        throws
    {
        let house = try House()
        let guest = try #require(try house.join([1, 0], .high))
        #expect(house.room.hasWaiters(for: 0) && house.room.hasWaiters(for: 1))
        #expect(house.depth("b", .high) == 1 && house.depth("a", .high) == 0)
        #expect(house.room.depth(of: 0, .high) == 1)
        try house.advance(by: .milliseconds(250))
        try guest.leave()
        try guest.leave(.late)
        #expect(house.depth("b", .high) == 0)
        #expect(house.waits(.high).count == 1 && house.waits(.high).sum == 0.25)
        #expect(house.rejections(.late) == 0)
    }

    @Test func `who gives up a provider lets the next one try there`() throws {
        let house = try House()
        let first = try #require(try house.join([0, 1]))
        let second = try #require(try house.join([0]))
        for guest in [first, second] { guest.wait() }
        #expect(try first.turns.take() == .try)
        try first.does { $0.giveUp(0) }
        #expect(try second.turns.take() == .try)
        #expect(try first.isHead(of: 1) && !first.isHead(of: 0))
        for guest in [first, second] { try guest.leave() }
    }
}

extension [Int: QueueDepths] {
    /// Of providers numbered in this order.
    static func of(_ providers: [String], in registry: MetricRegistry) -> [Int: QueueDepths] {
        let family = registry.gauge(Catalogue.queueDepth)
        return Dictionary(
            uniqueKeysWithValues: providers.enumerated().map { ($0, QueueDepths(family, provider: $1)) })
    }
}
