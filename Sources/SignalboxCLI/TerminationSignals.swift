import Glibc
import Synchronization

/// SIGTERM and SIGINT as something to await.
///
/// Made before any thread is started: they inherit the mask, so that only the thread here ever sees the
/// signals.
final class TerminationSignals: Sendable {
    private struct State {
        var count = 0
        var waiting: CheckedContinuation<Void, Never>?
        var endsProcess = false
    }

    private let state = Mutex(State())

    init() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        pthread_sigmask(SIG_BLOCK, &set, nil)
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, signalThread, Unmanaged.passRetained(self).toOpaque())
        guard result == 0 else { fatalError("no thread for signals: errno \(result)") }
        pthread_detach(thread)
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

    /// From now on a signal ends the process: somebody is in a hurry.
    func endProcessOnNext() {
        state.withLock { $0.endsProcess = true }
    }

    fileprivate func watch() {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            let waiting: CheckedContinuation<Void, Never>? = state.withLock { state in
                if state.endsProcess { _exit(128 + number) }
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

private func signalThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context { Unmanaged<TerminationSignals>.fromOpaque(context).takeRetainedValue().watch() }
    return nil
}
