import SignalboxCore
import SignalboxHTTP

/// Calls back at an instant, unless it is set anew before. Confined to its loop's thread.
final class Alarm: @unchecked Sendable {
    // @unchecked: touched by the loop's thread only.
    private let loop: EventLoop
    private var waiting: Task<Void, Never>?
    private var instant: Instant?

    init(loop: EventLoop) {
        self.loop = loop
    }

    func set(at instant: Instant, _ ring: @escaping @Sendable () -> Void) {
        if self.instant == instant { return }
        cancel()
        self.instant = instant
        let loop = loop
        waiting = loop.spawn { [weak self] in
            do throws(CancellationError) {
                try await loop.sleep(until: instant)
            } catch {
                return  // set anew
            }
            self?.instant = nil
            ring()
        }
    }

    func cancel() {
        waiting?.cancel()
        waiting = nil
        instant = nil
    }
}
