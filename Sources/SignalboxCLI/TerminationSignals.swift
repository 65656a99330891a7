import Glibc
import Synchronization

/// SIGTERM and SIGINT, and SIGHUP, as something to await.
final class TerminationSignals: Sendable {
    private struct State {
        var count = 0
        var waiting: CheckedContinuation<Void, Never>?
        var endsProcess = false
        /// One that came while nobody waited; any more of them say nothing new.
        var hasHungUp = false
        var hangUpWaiter: CheckedContinuation<Bool, Never>?
        var takesHangUps = true
    }

    private let state = Mutex(State())

    /// Holds the signals back from the calling thread and all that it will start; ``watch()`` takes them
    /// instead. Before any other thread exists: one that does not hold a signal back is killed by it.
    static func hold() {
        var set = signals
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        sigaddset(&set, SIGHUP)
        return set
    }

    /// Waits for the next signal, or returns at once if one has come.
    func next() async {
        await withCheckedContinuation { continuation in
            let isPending = state.withLock { state in
                if state.count > 0 {
                    state.count -= 1
                    return true
                }
                state.waiting = continuation
                return false
            }
            if isPending { continuation.resume() }
        }
    }

    /// Waits for the next SIGHUP, or returns at once if one has come; false after ``endHangUps()``.
    func nextHangUp() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                guard state.takesHangUps else { return false }
                if state.hasHungUp {
                    state.hasHungUp = false
                    return true
                }
                state.hangUpWaiter = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// From now on SIGHUP is without effect.
    func endHangUps() {
        hangUp(isLast: true)
    }

    private func hangUp(isLast: Bool) {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if isLast { state.takesHangUps = false }
            guard let waiting = state.hangUpWaiter else {
                state.hasHungUp = !isLast
                return nil
            }
            state.hangUpWaiter = nil
            return waiting
        }
        waiting?.resume(returning: !isLast)
    }

    /// From now on Ctrl-C ends the process: somebody is in a hurry. A supervisor that repeats SIGTERM is not.
    func endProcessOnInterrupt() {
        state.withLock { $0.endsProcess = true }
    }

    /// Takes the signals, for as long as the process lives.
    func watch() -> Never {
        var set = TerminationSignals.signals
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            if number == SIGHUP {
                hangUp(isLast: false)
                continue
            }
            let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
                if state.endsProcess {
                    if number == SIGINT { _exit(128 + number) }
                    return nil
                }
                guard let waiting = state.waiting else {
                    state.count += 1
                    return nil
                }
                state.waiting = nil
                return waiting
            }
            waiting?.resume()
        }
    }
}
