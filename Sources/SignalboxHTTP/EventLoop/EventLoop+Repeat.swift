import SignalboxCore

extension EventLoop {
    /// Runs `body` on the loop's thread, again and again, the first time after one interval. Until the loop
    /// ends.
    public func repeatEvery(_ interval: Duration, _ body: @escaping @Sendable () -> Void) {
        execute {
            let repeater = Repeater(loop: self, interval: interval, body: body)
            _ = self.schedule(repeater, at: self.turnStart.advanced(by: interval))
        }
    }
}

/// Arms itself again each time it fires. Kept alive by the loop's heap of timers, and by nothing else.
private final class Repeater: TimerTarget {
    private unowned let loop: EventLoop
    private let interval: Duration
    private let body: @Sendable () -> Void

    init(loop: EventLoop, interval: Duration, body: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.interval = interval
        self.body = body
    }

    func timerFired(at now: Instant) {
        body()
        _ = loop.schedule(self, at: now.advanced(by: interval))
    }
}
