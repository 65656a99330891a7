import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@testable import Signalbox

/// Crowds on four loops that fight for few places. A wake-up that is lost leaves somebody waiting for ever,
/// and the test out of patience.
@Suite(.timeLimit(.minutes(3))) struct WaitingRoomStressTests {
    private enum End: Sendable { case served, cancelled, late, full }

    /// One request, as a router would serve it. Confined to its loop's thread.
    private final class Guest: @unchecked Sendable {
        // @unchecked: touched by its loop's thread only, once its task has begun.
        let loop: EventLoop
        let providers: [Int]
        let priority: RequestPriority
        let canceller: IncomingReply.Canceller
        /// Whether its client may leave before it is served.
        let isFickle: Bool
        var random: FastRandom
        /// The longest pause between two tries, for lack of a ring; nil waits for rings alone.
        let hintMax: Duration?
        private var place: WaitingPlace?
        private var isCancelled = false

        init(on loop: EventLoop, hintMax: Duration?, seed: UInt64) {
            random = FastRandom(seed: seed)
            self.loop = loop
            self.hintMax = hintMax
            let all = (0..<Crowd.places.count).shuffled(using: &random)
            providers = Array(all.prefix(Int.random(in: 1...all.count, using: &random)))
            priority = RequestPriority.allCases.randomElement(using: &random) ?? .normal
            canceller = Bool.random(using: &random) ? .task : .owner
            isFickle = Int.random(in: 0..<4, using: &random) == 0
        }

        func serve(in room: WaitingRoom, _ capacity: FakeCapacity) async -> End {
            for provider in providers where !room.hasWaiters(for: provider) && capacity.admit(provider) {
                return await work(at: provider, room, capacity)
            }
            guard let place = room.join(providers, priority: priority, on: loop, cancelledBy: canceller)
            else { return .full }
            self.place = place
            if isCancelled { place.cancel() }
            while true {
                switch await place.turn(until: moment(of: place)) {
                case .cancelled:
                    place.leave(.givenUp)
                    return .cancelled
                case .late where loop.now() >= place.waitsUntil:
                    place.leave(.late)
                    return .late
                case .late, .try:
                    for provider in providers where place.isHead(of: provider) && capacity.admit(provider) {
                        await pause()
                        place.leave()
                        return await work(at: provider, room, capacity)
                    }
                }
            }
        }

        func cancel() {
            isCancelled = true
            place?.cancel()
        }

        private func moment(of place: WaitingPlace) -> Instant {
            guard let hintMax else { return place.waitsUntil }
            let hint = Duration.nanoseconds(Int64.random(in: 0...hintMax.nanoseconds, using: &random))
            return loop.now().advanced(by: hint)
        }

        private func work(at provider: Int, _ room: WaitingRoom, _ capacity: FakeCapacity) async -> End {
            await pause()
            capacity.settle(provider)
            room.freed(provider)
            return .served
        }

        private func pause() async {
            for _ in 0..<Int.random(in: 0...3, using: &random) { await Task.yield() }
        }
    }

    private struct Crowd {
        static let places = [2, 3, 1]

        let group: EventLoopGroup
        let room: WaitingRoom
        let registry = MetricRegistry()
        let capacity = FakeCapacity(places)
        let ends = Handover<(isFickle: Bool, end: End)>()

        init(clock: any TimeSource, _ settings: WaitingRoom.Settings) throws {
            group = try EventLoopGroup(count: 4, clock: clock)
            room = WaitingRoom(
                settings, depths: .of(["a", "b", "c"], in: registry), registry: registry)
        }

        /// Lets `count` come, the fickle ones leave, and counts how each kind of them ended.
        func run(_ count: Int, hintMax: Duration? = nil, seed: UInt64) throws -> [End: (
            all: Int, fickle: Int
        )] {
            var random = FastRandom(seed: seed)
            // Until all have come every place is taken: however few cores there are, there is a crowd.
            for (provider, places) in Self.places.enumerated() {
                for _ in 0..<places where !capacity.admit(provider) { Issue.record("a place was taken") }
            }
            var tasks: [(guest: Guest, task: Task<Void, Never>)] = []
            for _ in 0..<count {
                let loop = group.next()
                let guest = Guest(on: loop, hintMax: hintMax, seed: random.next())
                let (room, capacity, ends) = (room, capacity, ends)
                let task = loop.spawn { ends.put((guest.isFickle, await guest.serve(in: room, capacity))) }
                tasks.append((guest, task))
            }
            for loop in group.loops { try loop.run {} }
            for (provider, places) in Self.places.enumerated() {
                for _ in 0..<places {
                    capacity.settle(provider)
                    room.freed(provider)
                }
            }
            for (guest, task) in tasks.shuffled(using: &random) where guest.isFickle {
                switch guest.canceller {
                case .task: task.cancel()
                case .owner: guest.loop.execute { guest.cancel() }
                }
                // Rings that mean nothing are heard, too.
                room.freed(Int.random(in: 0..<Self.places.count, using: &random))
            }
            var found: [End: (all: Int, fickle: Int)] = [:]
            for _ in 0..<count {
                let (isFickle, end) = try ends.take()
                found[end, default: (0, 0)].all += 1
                found[end, default: (0, 0)].fickle += isFickle ? 1 : 0
            }
            group.shutdown()
            return found
        }

        var waits: Int {
            let family = registry.histogram(Catalogue.queueWait)
            return RequestPriority.allCases.reduce(0) { $0 + Int(family.series($1.rawValue).count) }
        }

        /// What somebody who has left has left behind.
        var remains: [String] {
            var remains: [String] = []
            if !capacity.isWhole { remains.append("places that were not given back") }
            let depths = registry.gauge(Catalogue.queueDepth)
            for (number, name) in ["a", "b", "c"].enumerated() {
                if room.hasWaiters(for: number) { remains.append("a waiter for \(name)") }
                for priority in RequestPriority.allCases {
                    let depth = depths.series(name, priority.rawValue).value
                    if depth != 0 { remains.append("\(depth) \(priority) in \(name)'s gauge") }
                    let here = room.depth(of: number, priority)
                    if here != 0 { remains.append("\(here) \(priority) in \(name)'s line") }
                }
            }
            return remains
        }
    }

    /// The clock stands still: nothing but rings moves anybody.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `everybody who stays is served, and nothing is left behind`(seed: UInt64) throws {
        let crowd = try Crowd(clock: ManualClock(), WaitingRoom.Settings(waitersMax: 100_000))
        let found = try crowd.run(1_500, seed: seed)
        let (served, cancelled) = (found[.served] ?? (0, 0), found[.cancelled] ?? (0, 0))
        #expect(served.all + cancelled.all == 1_500)
        #expect(cancelled.all == cancelled.fickle)
        #expect(crowd.remains.isEmpty)
        #expect(crowd.waits > 0 && crowd.waits <= 1_500)
        #expect(crowd.capacity.most == Crowd.places)
    }

    /// Timers, rings and clients that leave come at the same time.
    @Test(arguments: 5...8 as ClosedRange<UInt64>)
    func `moments that pass among the rings lose nobody either`(seed: UInt64) throws {
        let settings = WaitingRoom.Settings(waitersMax: 100_000, wait: .seconds(600))
        let crowd = try Crowd(clock: SystemTime(), settings)
        let found = try crowd.run(1_000, hintMax: .milliseconds(20), seed: seed)
        let (served, cancelled) = (found[.served] ?? (0, 0), found[.cancelled] ?? (0, 0))
        #expect(served.all + cancelled.all == 1_000)
        #expect(cancelled.all == cancelled.fickle)
        #expect(crowd.remains.isEmpty)
    }

    /// Patience of a millisecond, and half as many places to wait as would be needed.
    @Test(arguments: 9...12 as ClosedRange<UInt64>)
    func `who is too late or one too many leaves nothing behind`(seed: UInt64) throws {
        let settings = WaitingRoom.Settings(waitersMax: 500, wait: .milliseconds(1))
        let crowd = try Crowd(clock: SystemTime(), settings)
        let found = try crowd.run(1_000, seed: seed)
        let rejections = crowd.registry.counter(Catalogue.queueRejections)
        #expect(found.values.reduce(0) { $0 + $1.all } == 1_000)
        #expect(rejections.series(QueueRejection.full.rawValue).value == UInt64(found[.full]?.all ?? 0))
        #expect(rejections.series(QueueRejection.late.rawValue).value == UInt64(found[.late]?.all ?? 0))
        #expect(crowd.remains.isEmpty)
    }
}
