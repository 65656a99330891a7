import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct EventLoopTimerTests {
    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `timers fire in order, and none before its time`(seed: UInt64) throws {
        var random = FastRandom(seed: seed)
        let clock = ManualClock()
        let test = try TestLoop(clock: clock)
        let loop = test.loop
        let start = clock.now()
        let offsets = (0..<300).map { _ in Int.random(in: 0...100, using: &random) }
        let fired = Handover<Firing>()
        try loop.run {
            for offset in offsets {
                let due = start.advanced(by: .milliseconds(offset))
                _ = loop.schedule(Alarm(due: due, fired: fired), at: due)
            }
        }
        var seen: [Firing] = []
        for _ in 0..<20 {
            try test.advance(clock, by: .milliseconds(Int.random(in: 1...10, using: &random)))
            while fired.count > 0 { seen.append(try fired.take()) }
            let now = clock.now()
            let expected = offsets.count { start.advanced(by: .milliseconds($0)) <= now }
            #expect(seen.count == expected)
        }
        try test.advance(clock, by: .seconds(1))
        while fired.count > 0 { seen.append(try fired.take()) }
        #expect(seen.map(\.due) == seen.map(\.due).sorted() && seen.count == offsets.count)
        #expect(seen.allSatisfy { $0.at >= $0.due })
    }

    @Test func `sleeps on the system's clock end in order and not early`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let woken = Handover<(index: Int, isEarly: Bool)>()
        for index in (0..<10).reversed() {
            loop.spawn {
                let deadline = loop.now().advanced(by: .milliseconds(1 + 3 * index))
                try? await loop.sleep(until: deadline)
                woken.put((index, loop.now() < deadline))
            }
        }
        for index in 0..<10 { #expect(try woken.take() == (index, false)) }
    }

    @Test func `a sleep until the past ends in the same instant`() throws {
        let clock = ManualClock()
        let test = try TestLoop(clock: clock)
        let loop = test.loop
        try loop.run {
            try await loop.sleep(until: loop.now())
            try await loop.sleep(for: .seconds(-5))
            try await loop.sleep(until: .past)
        }
    }

    @Test func `a cancelled sleep ends at once, and leaves no timer behind`() throws {
        let test = try TestLoop(clock: ManualClock())
        let loop = test.loop
        let (asleep, ended) = (Handover<Void>(), Handover<Bool>())
        let task = loop.spawn {
            asleep.put(())
            do throws(CancellationError) {
                try await loop.sleep(for: .seconds(3600))
                ended.put(false)
            } catch {
                ended.put(true)
            }
        }
        try asleep.take()
        try test.settle()
        #expect(try loop.run { loop.timers.count } == 1)
        task.cancel()
        #expect(try ended.take())
        #expect(try loop.run { loop.timers.count } == 0)
    }

    @Test func `a task that is already cancelled does not fall asleep`() throws {
        let test = try TestLoop(clock: ManualClock())
        let loop = test.loop
        let (gate, ended) = (Gate(), Handover<Bool>())
        let task = loop.spawn {
            await gate.wait()
            do throws(CancellationError) {
                try await loop.sleep(for: .seconds(3600))
                ended.put(false)
            } catch {
                ended.put(loop.isCurrent)
            }
        }
        task.cancel()
        gate.open()
        #expect(try ended.take())
        #expect(try loop.run { loop.timers.count } == 0)
    }

    @Test func `cancelling races with waking, and each sleep ends once`() throws {
        let test = try TestLoop()
        let loop = test.loop
        let ended = Handover<Void>()
        for round in 0..<500 {
            let task = loop.spawn {
                try? await loop.sleep(for: .microseconds(round % 100))
                ended.put(())
            }
            if round % 2 == 0 { RawThread.start { task.cancel() } }
        }
        for _ in 0..<500 { try ended.take() }
    }

    @Test func `a timer that is disarmed does not fire, not even by one due with it`() throws {
        let clock = ManualClock()
        let test = try TestLoop(clock: clock)
        let loop = test.loop
        let fired = Handover<Firing>()
        let due = clock.now().advanced(by: .seconds(1))
        try loop.run {
            let alarms = [Alarm(due: due, fired: fired), Alarm(due: due, fired: fired)]
            let timers = alarms.map { loop.schedule($0, at: due) }
            // Whichever fires first disarms the other.
            alarms[0].also = { loop.cancel(timers[1]) }
            alarms[1].also = { loop.cancel(timers[0]) }
        }
        try test.advance(clock, by: .seconds(2))
        #expect(fired.count == 1)
    }
}

private struct Firing: Sendable {
    let due: Instant
    let at: Instant
}

private final class Alarm: TimerTarget {
    private let due: Instant
    private let fired: Handover<Firing>
    var also: () -> Void = {}

    init(due: Instant, fired: Handover<Firing>) {
        self.due = due
        self.fired = fired
    }

    func timerFired(at now: Instant) {
        fired.put(Firing(due: due, at: now))
        also()
    }
}
