import SignalboxTelemetry
import Synchronization

/// A series that may never be needed: made, and exported, with its first use; a load from then on.
final class LazySeries<Handle: Sendable>: Sendable {
    private final class Box: Sendable {
        let handle: Handle

        init(_ handle: Handle) {
            self.handle = handle
        }
    }

    private let made = AtomicLazyReference<Box>()
    private let make: @Sendable () -> Handle

    /// - Parameter make: may be called by several threads at once, and answers each with the same series.
    init(_ make: @escaping @Sendable () -> Handle) {
        self.make = make
    }

    var handle: Handle {
        if let box = made.load() { return box.handle }
        return made.storeIfNil(Box(make())).handle
    }
}
