package import SignalboxCore

/// What a task waits at on its loop: until somebody rings, until a moment has come, or until it is given up.
///
/// Rings do not add up: however many come while nobody waits, the next wait returns at once, and the one
/// after it waits. Confined to its loop's thread, but for ``ring()``.
package final class Bell: TimerTarget, @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.

    package enum Sound: Sendable, Equatable {
        case rung
        /// The moment has come.
        case late
        /// Given up, once and for all.
        case cancelled
    }

    private let loop: EventLoop
    private let canceller: IncomingReply.Canceller
    private var isRung = false
    private var isLate = false
    private var isCancelled = false
    private var waiting: UnsafeContinuation<Void, Never>?

    /// - Parameter canceller: who gives the wait up: the task, by being cancelled, or the bell's owner by
    ///   ``cancel()``.
    package init(on loop: EventLoop, cancelledBy canceller: IncomingReply.Canceller) {
        self.loop = loop
        self.canceller = canceller
    }

    /// From any thread; on the loop's own, the ring is heard before this returns.
    package func ring() {
        guard loop.isCurrent else { return loop.execute { self.ring() } }
        isRung = true
        wake()
    }

    /// Every wait returns from now on, and at once.
    package func cancel() {
        isCancelled = true
        wake()
    }

    /// Waits for the next sound; one task at a time. Where several have come, a ring goes before lateness,
    /// and being given up before both.
    package func wait(until moment: Instant) async -> Sound {
        precondition(loop.isCurrent, "a task waits only on the loop it runs on")
        precondition(waiting == nil, "one task waits at a bell")
        if case .task = canceller, Task.isCancelled { isCancelled = true }
        isLate = false
        if !hasSounded, moment <= loop.now() { isLate = true }
        if !hasSounded { await suspend(until: moment) }
        if isCancelled { return .cancelled }
        defer { isRung = false }
        return isRung ? .rung : .late
    }

    private var hasSounded: Bool { isRung || isLate || isCancelled }

    private func suspend(until moment: Instant) async {
        let timer = loop.schedule(self, at: moment)
        defer { loop.cancel(timer) }
        switch canceller {
        case .owner: await withUnsafeContinuation { waiting = $0 }
        case .task:
            await withTaskCancellationHandler {
                if hasSounded { return }
                await withUnsafeContinuation { waiting = $0 }
            } onCancel: {
                loop.execute { self.cancel() }
            }
        }
    }

    func timerFired(at now: Instant) {
        isLate = true
        wake()
    }

    private func wake() {
        assert(loop.isCurrent, "a bell is heard on its loop")
        guard let continuation = waiting else { return }
        waiting = nil
        continuation.resume()
    }
}
