import Glibc

/// A thread that a test starts and waits for: what is tested here is what happens when threads end.
struct TestThread {
    private final class Work {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private var handle = pthread_t()

    init(_ run: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(run))
        let result = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        precondition(result == 0, "no thread to be had")
    }

    func join() {
        pthread_join(handle, nil)
    }

    /// Runs `work` on `count` threads that all live at once, and waits for them.
    static func run(_ count: Int, _ work: @escaping @Sendable (Int) -> Void) {
        var barrier = pthread_barrier_t()
        pthread_barrier_init(&barrier, nil, UInt32(count))
        withUnsafeMutablePointer(to: &barrier) { barrier in
            let shared = Barrier(pointer: barrier)
            let threads = (0..<count).map { index in
                TestThread {
                    shared.wait()
                    work(index)
                    shared.wait()
                }
            }
            for thread in threads { thread.join() }
        }
        pthread_barrier_destroy(&barrier)
    }

    /// `@unchecked Sendable`: the C library locks it, and `run` outlives its threads.
    private struct Barrier: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<pthread_barrier_t>

        func wait() {
            pthread_barrier_wait(pointer)
        }
    }
}
