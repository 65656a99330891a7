/// A point on the monotonic clock, in nanoseconds since an arbitrary start that is the same for the whole
/// process.
///
/// Sixty-four bits instead of `ContinuousClock.Instant`'s hundred and twenty-eight: it is taken several times
/// a request.
public struct Instant: InstantProtocol, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Before every instant that a clock tells: due at once.
    @inlinable
    public static var past: Instant { Instant(nanoseconds: 0) }

    @inlinable
    public func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds &+ duration.nanoseconds)
    }

    @inlinable
    public func duration(to other: Instant) -> Duration {
        .nanoseconds(other.nanoseconds &- nanoseconds)
    }

    /// Seconds from `earlier` to here, as metrics want them.
    @inlinable
    public func seconds(since earlier: Instant) -> Double {
        Double(nanoseconds &- earlier.nanoseconds) / 1e9
    }

    @inlinable
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// Whole nanoseconds; what does not fit in 64 bits (292 years) is clamped.
    @inlinable
    public var nanoseconds: Int64 {
        // Nine seconds and less fit in 64 bits, whose division is many times as fast.
        if let few = Int64(exactly: attoseconds) { return few / 1_000_000_000 }
        return Int64(clamping: attoseconds / 1_000_000_000)
    }

    /// Whole milliseconds, rounded up, so that a timeout of a few microseconds does not become none.
    @inlinable
    public var millisecondsRoundedUp: Int64 {
        let whole = nanoseconds
        return whole / 1_000_000 + (whole % 1_000_000 > 0 ? 1 : 0)
    }
}

/// The instant by which something must have ended; queueing counts.
public struct Deadline: Sendable, Hashable, Comparable {
    public let instant: Instant

    @inlinable
    public init(at instant: Instant) {
        self.instant = instant
    }

    /// How much is left at `now`; zero once the deadline has passed.
    @inlinable
    public func remaining(at now: Instant) -> Duration {
        instant <= now ? .zero : now.duration(to: instant)
    }

    @inlinable
    public func hasPassed(at now: Instant) -> Bool {
        instant <= now
    }

    @inlinable
    public static func < (left: Deadline, right: Deadline) -> Bool {
        left.instant < right.instant
    }
}
