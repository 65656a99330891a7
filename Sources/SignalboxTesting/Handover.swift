import Glibc

/// Values that one thread hands to another, which waits for each, but never for longer than its patience.
///
/// It blocks: for test bodies and scripts on threads of their own, never for a task on an event loop.
public final class Handover<Value: Sendable>: @unchecked Sendable {
    // @unchecked: `values` is touched with `lock` held only; the C library's lock, because it comes with a
    // condition and the thread sanitizer knows it.

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var values: [Value] = []

    public init() {
        lock = .allocate(capacity: 1)
        filled = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(lock)
        filled.deallocate()
        lock.deallocate()
    }

    public func put(_ value: Value) {
        pthread_mutex_lock(lock)
        values.append(value)
        pthread_cond_signal(filled)
        pthread_mutex_unlock(lock)
    }

    /// How many values wait to be taken.
    public var count: Int {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return values.count
    }

    /// The oldest value that nobody has taken.
    /// - Throws: ``OutOfPatience`` where none has come after ``RawSocket/patience`` seconds.
    public func take() throws(OutOfPatience) -> Value {
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += RawSocket.patience
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while values.isEmpty {
            guard pthread_cond_timedwait(filled, lock, &limit) == 0 else { throw OutOfPatience() }
        }
        return values.removeFirst()
    }
}

/// A test waited as long as it is allowed to for something that did not happen.
public struct OutOfPatience: Error, Sendable {
    public init() {}
}
