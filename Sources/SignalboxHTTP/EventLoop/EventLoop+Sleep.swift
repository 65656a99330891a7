public import SignalboxCore

extension EventLoop {
    /// Suspends the calling task, which runs on this loop, until `deadline`.
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    public func sleep(until deadline: Instant) async throws(CancellationError) {
        let sleeper = Sleeper(loop: self)
        await withTaskCancellationHandler {
            await sleeper.sleep(until: deadline)
        } onCancel: {
            self.execute { sleeper.wake() }
        }
        if Task.isCancelled { throw CancellationError() }
    }

    public func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: clock.now().advanced(by: duration))
    }
}

/// One sleeping task: woken by its timer or by its cancellation, whichever comes first.
private final class Sleeper: TimerTarget, @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.
    private let loop: EventLoop
    private var continuation: CheckedContinuation<Void, Never>?
    private var timer: TimerID?
    private var isAwake = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    func sleep(until deadline: Instant) async {
        precondition(loop.isCurrent, "a task sleeps only on the loop it runs on")
        if isAwake { return }
        await withCheckedContinuation { continuation in
            self.continuation = continuation
            timer = loop.schedule(self, at: deadline)
        }
    }

    func timerFired(at now: Instant) {
        timer = nil
        wake()
    }

    func wake() {
        isAwake = true
        if let timer { loop.cancel(timer) }
        timer = nil
        continuation?.resume()
        continuation = nil
    }
}
