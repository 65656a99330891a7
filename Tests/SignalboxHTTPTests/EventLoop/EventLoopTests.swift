import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct EventLoopTests {
    @Test func `closures from many threads all run, on the loop's thread, each thread's in its order`() throws
    {
        let test = try TestLoop()
        let loop = test.loop
        let (threads, each) = (8, 2_000)
        let seen = Tally(threads: threads)
        let done = Handover<Void>()
        for thread in 0..<threads {
            RawThread.start {
                for number in 0..<each {
                    loop.execute { seen.note(thread, number, isCurrent: loop.isCurrent) }
                }
                loop.execute { done.put(()) }
            }
        }
        for _ in 0..<threads { try done.take() }
        #expect(seen.counts == Array(repeating: each, count: threads))
        #expect(seen.strays == 0 && seen.disorders == 0)
    }

    @Test func `a sleeping loop is woken by one closure, time and again`() throws {
        let test = try TestLoop(clock: ManualClock())
        let ran = Handover<Int>()
        for number in 0..<2_000 {
            test.loop.execute { ran.put(number) }
            #expect(try ran.take() == number)
        }
    }

    @Test func `what the loop submits to itself runs after what was ready, in order`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let order = Handover<Int>()
        loop.execute {
            loop.execute {
                order.put(2)
                loop.execute { order.put(4) }
            }
            loop.execute { order.put(3) }
            order.put(1)
        }
        for expected in 1...4 { #expect(try order.take() == expected) }
    }

    @Test func `a loop that is never idle still takes work and fires timers`() throws {
        let test = try TestLoop()
        let spinner = Spinner(loop: test.loop)
        let loop = test.loop
        spinner.spin()
        for _ in 0..<20 { try loop.run { try await loop.sleep(for: .microseconds(100)) } }
        spinner.stop()
    }

    @Test func `the thread that asks is told apart from the loop's`() throws {
        let test = try TestLoop()
        let other = try TestLoop()
        let (loop, stranger) = (test.loop, other.loop)
        #expect(!loop.isCurrent)
        #expect(try loop.run { loop.isCurrent && !stranger.isCurrent })
    }

    @Test func `the loops of a group take turns, and shut down together`() throws {
        let group = try EventLoopGroup(count: 3)
        let turns = (0..<6).map { _ in group.next().index }
        #expect(turns == [0, 1, 2, 0, 1, 2])
        for loop in group.loops { #expect(try loop.run { loop.isCurrent }) }
        group.shutdown()
    }
}

/// Keeps a loop busy: each closure submits the next.
private final class Spinner: Sendable {
    private let loop: EventLoop
    private let isDone = Atomic(false)

    init(loop: EventLoop) {
        self.loop = loop
    }

    func spin() {
        if !isDone.load(ordering: .relaxed) { loop.execute { self.spin() } }
    }

    func stop() {
        isDone.store(true, ordering: .relaxed)
    }
}

/// What ran where, counted by the loop's thread.
private final class Tally: Sendable {
    private struct State {
        var counts: [Int]
        var strays = 0
        var disorders = 0
    }

    private let state: Mutex<State>

    init(threads: Int) {
        state = Mutex(State(counts: Array(repeating: 0, count: threads)))
    }

    var counts: [Int] { state.withLock { $0.counts } }
    var strays: Int { state.withLock { $0.strays } }
    var disorders: Int { state.withLock { $0.disorders } }

    func note(_ thread: Int, _ number: Int, isCurrent: Bool) {
        state.withLock {
            if !isCurrent { $0.strays += 1 }
            if $0.counts[thread] != number { $0.disorders += 1 }
            $0.counts[thread] += 1
        }
    }
}
