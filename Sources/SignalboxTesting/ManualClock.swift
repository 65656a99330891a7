public import SignalboxCore
import Synchronization

/// A clock that stands still until a test moves it.
public final class ManualClock: TimeSource {
    private struct Reading {
        var monotonic: Int64
        var wall: Int64
    }

    private let reading: Mutex<Reading>

    /// - Parameter wallTime: civil time at the start; the default is 2026-01-01T00:00:00Z.
    public init(wallTime: WallTime = WallTime(nanosecondsSince1970: 1_767_225_600_000_000_000)) {
        reading = Mutex(Reading(monotonic: 1_000_000_000, wall: wallTime.nanosecondsSince1970))
    }

    public func now() -> Instant {
        Instant(nanoseconds: reading.withLock { $0.monotonic })
    }

    public func wallTime() -> WallTime {
        WallTime(nanosecondsSince1970: reading.withLock { $0.wall })
    }

    /// Moves both clocks forward.
    public func advance(by duration: Duration) {
        reading.withLock {
            $0.monotonic += duration.nanoseconds
            $0.wall += duration.nanoseconds
        }
    }
}
