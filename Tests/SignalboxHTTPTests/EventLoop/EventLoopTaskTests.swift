import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct EventLoopTaskTests {
    @Test func `a task comes back to its thread from continuations that others resume`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let strays = try loop.run {
            var strays = 0
            for _ in 0..<200 {
                await withCheckedContinuation { continuation in
                    RawThread.start { continuation.resume() }
                }
                if !loop.isCurrent { strays += 1 }
            }
            return strays
        }
        #expect(strays == 0)
    }

    @Test func `a task comes back to its thread from actors of its own and of other executors`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let counter = Counter()
        let outcome = try loop.run {
            var strays = 0
            for _ in 0..<200 {
                await counter.increment()
                if !loop.isCurrent { strays += 1 }
                if await EventLoopTaskTests.isOnLoop(loop) { strays += 1 }
                if !loop.isCurrent { strays += 1 }
            }
            return (strays, await counter.count)
        }
        #expect(outcome == (0, 200))
    }

    @MainActor private static func isOnLoop(_ loop: EventLoop) -> Bool { loop.isCurrent }

    @Test func `child tasks and those of groups stay on the thread, too`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let strays = try loop.run {
            async let single = loop.isCurrent
            let group = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        await Task.yield()
                        return loop.isCurrent
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 0 : 1 }
            }
            return (await single ? 0 : 1) + group
        }
        #expect(strays == 0)
    }

    @Test func `a task comes back to its thread from a sleep, and from waiting for another loop's task`()
        throws
    {
        let (test, other) = (try TestLoop(), try TestLoop())
        let (loop, stranger) = (test.loop, other.loop)
        let strays = try loop.run {
            var strays = 0
            for _ in 0..<50 {
                try await loop.sleep(for: .microseconds(50))
                if !loop.isCurrent { strays += 1 }
                await stranger.spawn { await Task.yield() }.value
                if !loop.isCurrent { strays += 1 }
                if await !stranger.perform({ stranger.isCurrent }) { strays += 1 }
                if !loop.isCurrent { strays += 1 }
            }
            return strays
        }
        #expect(strays == 0)
    }

    @Test func `performing hands back values and errors`() throws {
        struct Refusal: Error, Equatable {}
        let (test, other) = (try TestLoop(), try TestLoop())
        let (loop, stranger) = (test.loop, other.loop)
        #expect(try loop.run { await stranger.perform { 7 } } == 7)
        #expect(throws: Refusal.self) {
            try loop.run { try await stranger.perform { () throws(Refusal) in throw Refusal() } }
        }
    }

    // MARK: Stopping

    @Test func `stopping waits for tasks in flight, which still get what they wait for`() throws {
        let clock = ManualClock()
        let loop = try EventLoop(index: 0, clock: clock)
        try loop.start()
        let (gate, steps) = (Gate(), Handover<String>())
        loop.spawn {
            await gate.wait()
            steps.put("resumed")
            try? await loop.sleep(for: .seconds(5))
            steps.put("slept")
            await loop.spawn { steps.put("spawned") }.value
        }
        loop.stop()
        try loop.run { steps.put("runs while stopping") }
        #expect(try steps.take() == "runs while stopping")
        RawThread.start { gate.open() }
        #expect(try steps.take() == "resumed")
        // The sleep is armed once the task has suspended; a job behind it is that proof.
        try loop.run { await Task.yield() }
        clock.advance(by: .seconds(5))
        loop.execute {}
        #expect(try steps.take() == "slept")
        #expect(try steps.take() == "spawned")
        loop.join()
    }

    @Test func `work that other threads submit during a stop runs while a task is in flight`() throws {
        let loop = try EventLoop(index: 0, clock: ManualClock())
        try loop.start()
        let (gate, ran) = (Gate(), Handover<Void>())
        loop.spawn { await gate.wait() }
        loop.stop()
        for _ in 0..<8 {
            RawThread.start { for _ in 0..<500 { loop.execute { ran.put(()) } } }
        }
        for _ in 0..<4_000 { try ran.take() }
        gate.open()
        loop.join()
    }

    @Test func `work that races with the end of a loop harms nothing`() throws {
        for _ in 0..<100 {
            let loop = try EventLoop(index: 0)
            try loop.start()
            let done = Handover<Void>()
            RawThread.start {
                for _ in 0..<50 { loop.execute {} }
                done.put(())
            }
            loop.stop()
            loop.join()
            try done.take()
        }
    }

    @Test func `joining twice, or a loop that was never started, returns`() throws {
        let idle = try EventLoop(index: 0)
        idle.join()
        let loop = try EventLoop(index: 1)
        try loop.start()
        loop.stop()
        loop.join()
        loop.join()
    }
}

private actor Counter {
    private(set) var count = 0

    func increment() { count += 1 }
}

/// Tasks wait at it until it opens; then nobody waits any more.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    /// Opens when the waiting task is cancelled, too.
    func waitUnlessCancelled() async {
        await withTaskCancellationHandler {
            await wait()
        } onCancel: {
            open()
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
