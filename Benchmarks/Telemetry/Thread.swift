import Glibc

/// A thread to wait for; Foundation would be a megabyte for this alone.
struct Thread {
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
}
