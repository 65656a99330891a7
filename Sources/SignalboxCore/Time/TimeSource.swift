public import Glibc

/// Tells the time: the system's clocks in the daemon, a clock moved by hand in tests.
public protocol TimeSource: Sendable {
    /// Monotonic: for durations, deadlines and timers.
    func now() -> Instant
    /// Civil time: for log lines and bills.
    func wallTime() -> WallTime
}

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds.
public struct WallTime: Sendable, Hashable, Comparable {
    public var nanosecondsSince1970: Int64

    @inlinable
    public init(nanosecondsSince1970: Int64) {
        self.nanosecondsSince1970 = nanosecondsSince1970
    }

    @inlinable
    public static func < (left: WallTime, right: WallTime) -> Bool {
        left.nanosecondsSince1970 < right.nanosecondsSince1970
    }
}

/// The system's clocks (`CLOCK_MONOTONIC`, `CLOCK_REALTIME`), read through the vDSO in about 20 ns.
public struct SystemTime: TimeSource {
    @inlinable
    public init() {}

    @inlinable
    public func now() -> Instant {
        Instant(nanoseconds: SystemTime.read(CLOCK_MONOTONIC))
    }

    @inlinable
    public func wallTime() -> WallTime {
        WallTime(nanosecondsSince1970: SystemTime.read(CLOCK_REALTIME))
    }

    @usableFromInline
    static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "the system has no such clock")
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
