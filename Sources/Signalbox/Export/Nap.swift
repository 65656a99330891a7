import SignalboxCore
import SignalboxHTTP

/// One task's pause, which others can end early. Confined to its loop's thread.
final class Nap {
    private let loop: EventLoop
    private var sleeping: Task<Void, Never>?
    private var isWoken = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// Returns at `instant`, or as soon as somebody calls ``wake()``, or has since the pause before.
    func sleep(until instant: Instant) async {
        if !isWoken {
            let loop = loop
            let task = loop.spawn { _ = try? await loop.sleep(until: instant) }
            sleeping = task
            await task.value
            sleeping = nil
        }
        isWoken = false
    }

    func wake() {
        isWoken = true
        sleeping?.cancel()
    }
}
