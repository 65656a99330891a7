import Glibc
package import SignalboxCore

/// A lock with two conditions to wait for, as `Mutex` has none: `work` for the thread that serves,
/// `progress` for those who wait for it.
///
/// `@unchecked Sendable`: the C objects do their own locking, and live from `init` to `deinit`.
package final class Monitor: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let progress = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    package init() {
        var attributes = pthread_condattr_t()
        check(pthread_mutex_init(mutex, nil))
        check(pthread_condattr_init(&attributes))
        // Deadlines must not move when somebody sets the clock.
        check(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC))
        check(pthread_cond_init(work, &attributes))
        check(pthread_cond_init(progress, &attributes))
        check(pthread_condattr_destroy(&attributes))
    }

    deinit {
        check(pthread_cond_destroy(progress))
        check(pthread_cond_destroy(work))
        check(pthread_mutex_destroy(mutex))
        progress.deallocate()
        work.deallocate()
        mutex.deallocate()
    }

    package func withLock<Result>(_ body: () -> Result) -> Result {
        check(pthread_mutex_lock(mutex))
        defer { check(pthread_mutex_unlock(mutex)) }
        return body()
    }

    // The following are for callers inside `withLock`.

    package func signalWork() {
        check(pthread_cond_signal(work))
    }

    package func signalProgress() {
        check(pthread_cond_broadcast(progress))
    }

    package func waitForWork() {
        check(pthread_cond_wait(work, mutex))
    }

    /// False once the deadline has passed.
    package func waitForWork(until deadline: Instant) -> Bool {
        wait(for: work, until: deadline)
    }

    /// False once the deadline has passed.
    package func waitForProgress(until deadline: Instant) -> Bool {
        wait(for: progress, until: deadline)
    }

    private func wait(for condition: UnsafeMutablePointer<pthread_cond_t>, until deadline: Instant) -> Bool {
        let nanoseconds = max(0, deadline.nanoseconds)
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        let result = pthread_cond_timedwait(condition, mutex, &time)
        if result == ETIMEDOUT { return false }
        check(result)
        return true
    }

    private func check(_ result: Int32) {
        precondition(result == 0, "a lock was used wrongly")
    }
}
