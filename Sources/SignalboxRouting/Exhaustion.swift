public import SignalboxCore

/// Every candidate was tried or could not be: what the caller is told.
public struct Exhaustion: Sendable, Equatable {
    public enum Reason: String, Sendable, CaseIterable {
        /// None is left.
        case candidates
        /// The attempt budget is spent.
        case attempts
        case deadline
        /// Every candidate is at a limit of ours, and the line before them is full.
        case queueFull = "queue_full"
        /// Its turn in line did not come in time.
        case queueTimeout = "queue_timeout"
    }

    public let reason: Reason
    public let attempts: Int
    /// The HTTP status for the caller.
    ///
    /// 429 if every failure was a rate limit; else 504 if time ran out or every failure was a timeout; else
    /// 503 if every failure will pass by itself (rate limits, timeouts, overload, unreachable, our own
    /// limits), or nothing could be tried; else 502: something at a provider or in our configuration needs a
    /// person.
    public let status: Int
    /// With 429 and 503: the shortest wait that any provider asked for, or that a window of ours wants.
    public let retryAfter: Duration?
    public let lastFailure: UpstreamFailure?

    /// What a caller is asked to wait who found no place in line, where no window says when there is room.
    static let linePause = Duration.seconds(1)

    init(reason: Reason, attempts: Int, tally: FailureTally) {
        self.reason = reason
        self.attempts = attempts
        let status = tally.status(at: reason)
        self.status = status
        let isLine = reason == .queueFull || reason == .queueTimeout
        retryAfter =
            status == 429 || status == 503 ? tally.shortestWait ?? (isLine ? Self.linePause : nil) : nil
        lastFailure = tally.last
    }
}

/// Counts the failures of one request by what they mean for the caller.
struct FailureTally: Sendable {
    private var rateLimits = 0
    private var timeouts = 0
    private var absences = 0
    private var others = 0
    private var lasting = 0
    private(set) var shortestWait: Duration?
    private(set) var last: UpstreamFailure?

    mutating func add(_ failure: UpstreamFailure) {
        last = failure
        if let wait = failure.retryAfter { shortestWait = min(wait, shortestWait ?? wait) }
        switch failure.kind {
        case .rateLimited: rateLimits += 1
        case .timeout: timeouts += 1
        case .overloaded, .unreachable: absences += 1
        case .keyRejected, .noCredit, .accessMissing, .modelNotFound, .contextTooLong, .contentFiltered,
            .invalidRequest, .malformedReply, .interrupted, .cancelled:
            others += 1
        }
    }

    /// A candidate that was not even tried, because its limit is known to be reached.
    mutating func addRateLimit(_ wait: Duration) {
        rateLimits += 1
        shortestWait = min(wait, shortestWait ?? wait)
    }

    /// A candidate that was not even tried: it will be there again.
    mutating func addAbsence() {
        absences += 1
    }

    /// A candidate that was not even tried: a person must mend it. It counts where there is nothing else.
    mutating func addLasting() {
        lasting += 1
    }

    func status(at reason: Exhaustion.Reason) -> Int {
        let sum = rateLimits + timeouts + absences + others
        if sum > 0, rateLimits == sum { return 429 }
        switch reason {
        case .deadline: return 504
        case .candidates, .attempts, .queueFull, .queueTimeout: break
        }
        if sum > 0, timeouts == sum { return 504 }
        return others == 0 && (sum > 0 || lasting == 0) ? 503 : 502
    }
}
