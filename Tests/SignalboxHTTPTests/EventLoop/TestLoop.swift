import SignalboxCore
import SignalboxTesting

@testable import SignalboxHTTP

/// A running loop that ends with the test that made it.
final class TestLoop: Sendable {
    let loop: EventLoop

    init(clock: any TimeSource = SystemTime()) throws {
        loop = try EventLoop(index: 0, clock: clock)
        try loop.start()
    }

    deinit {
        loop.stop()
        loop.join()
    }

    /// Blocks until everything submitted before has run, and what it made ready, too.
    func settle() throws {
        for _ in 0..<3 { try loop.run { await Task.yield() } }
    }

    /// Moves the loop's clock and lets what is due fire.
    func advance(_ clock: ManualClock, by duration: Duration) throws {
        clock.advance(by: duration)
        // A loop asleep knows nothing of a clock that jumps: any job wakes it, and timers come after jobs.
        try settle()
    }
}

/// A value of a test's loop in another thread's hands, which only carries it.
struct Carried<Value>: @unchecked Sendable {
    // @unchecked: made and used on the same loop's thread.
    let value: Value
}
