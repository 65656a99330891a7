public import SignalboxCore

/// Walks one request through its candidates, in order (strategy `ordered`): asked after each failure, it says what to do.
///
/// It holds indexes and allocates nothing until something has failed. It reads no clock and draws no random numbers of
/// its own, so that the same inputs give the same decisions.
///
///     begin ──next(after: nil)──▶ trying ──next(after: failure)──▶ trying | returned | stopped | exhausted
///
public struct AttemptPlan: Sendable {
    public struct Limits: Sendable, Equatable {
        /// For the whole request, retries of the same candidate included.
        public var attemptsMax: Int
        /// A candidate is not tried with less than this left until the deadline.
        public var attemptTimeMin: Duration
        /// The middle of the jittered pause before an overloaded candidate is asked again: half to one and a half of it.
        public var overloadPause: Duration
        /// A provider that asks for a longer pause than this is left at once.
        public var overloadPauseMax: Duration

        public init(
            attemptsMax: Int = 8, attemptTimeMin: Duration = .zero,
            overloadPause: Duration = .milliseconds(200),
            overloadPauseMax: Duration = .seconds(2)
        ) {
            precondition(attemptsMax > 0, "at least one attempt")
            self.attemptsMax = attemptsMax
            self.attemptTimeMin = attemptTimeMin
            self.overloadPause = overloadPause
            self.overloadPauseMax = overloadPauseMax
        }
    }

    public enum Step: Sendable, Equatable {
        case attempt(Candidate, reason: AttemptReason, after: Duration)
        /// No other candidate would do better: the caller gets this error.
        case returnToCaller(UpstreamFailure)
        /// The caller has left, or has already seen a part of the answer.
        case stop(UpstreamFailure)
        case giveUp(Exhaustion)
    }

    /// What others know of a candidate when its turn comes.
    public enum Availability: Sendable, Equatable {
        case open
        /// Its limit is reached for so long yet: counts as a rate limit that was met.
        case rateLimited(for: Duration)
        /// An open breaker, or a key that is known to be bad.
        case out
    }

    /// A key that is out wherever its provider appears.
    private struct KeyPlace: Sendable, Equatable {
        var provider: Int
        var key: String
    }

    public let table: CandidateTable
    public let deadline: Deadline
    public let limits: Limits
    public private(set) var attempts = 0
    public private(set) var current: Candidate?
    private var hasRetriedCurrent = false
    private var providersOut: [Int] = []
    private var keysOut: [KeyPlace] = []
    /// Once a context was too long: the windows that are known to be too small.
    private var windowTooSmall: Int?
    private var tally = FailureTally()

    public init(_ table: CandidateTable, deadline: Deadline, limits: Limits = Limits()) {
        self.table = table
        self.deadline = deadline
        self.limits = limits
    }

    /// What to do next; `failure` is nil the first time only. `availability` passes over candidates that rest (an open
    /// breaker, a limited key): it is asked when a candidate's turn has come.
    public mutating func next(
        after failure: UpstreamFailure?, at now: Instant, random: inout some RandomNumberGenerator,
        availability: (Candidate) -> Availability = { _ in .open }
    ) -> Step {
        guard let failure else {
            precondition(current == nil, "an attempt was made: say how it failed")
            return advance(to: Candidate(target: 0, model: 0, key: 0), at: now, availability: availability)
        }
        guard let candidate = current else {
            preconditionFailure("nothing was attempted that could have failed")
        }
        tally.add(failure)
        switch Move(after: failure.kind) {
        case .retryAtOnce:
            return retry(candidate, after: .zero, at: now)
                ?? leaveProvider(of: candidate, at: now, availability)
        case .retryAfterPause:
            let pause = pause(asked: failure.retryAfter, random: &random)
            return pause.flatMap { retry(candidate, after: $0, at: now) }
                ?? leaveProvider(of: candidate, at: now, availability)
        case .nextProvider:
            return leaveProvider(of: candidate, at: now, availability)
        case .nextKeyForThisModel:
            return advance(to: table.following(candidate), at: now, availability: availability)
        case .nextKeyForEveryModel:
            keysOut.append(place(of: candidate))
            return advance(to: table.following(candidate), at: now, availability: availability)
        case .nextModel:
            return advance(to: table.followingModel(candidate), at: now, availability: availability)
        case .largerWindow:
            return enlarge(candidate, failure, at: now, availability)
        case .returnToCaller:
            return .returnToCaller(failure)
        case .stop:
            return .stop(failure)
        }
    }

    private mutating func leaveProvider(
        of candidate: Candidate, at now: Instant, _ availability: (Candidate) -> Availability
    ) -> Step {
        providersOut.append(table.provider(of: candidate))
        let next = Candidate(target: candidate.target + 1, model: 0, key: 0)
        return advance(to: next, at: now, availability: availability)
    }

    /// The same candidate once more, if that has not been done and time and budget allow it.
    private mutating func retry(_ candidate: Candidate, after pause: Duration, at now: Instant) -> Step? {
        guard !hasRetriedCurrent, attempts < limits.attemptsMax, hasTime(at: now.advanced(by: pause)) else {
            return nil
        }
        hasRetriedCurrent = true
        attempts += 1
        return .attempt(candidate, reason: .retry, after: pause)
    }

    /// Jittered, and no shorter than the provider asks for; nil if it asks for too long.
    private func pause(asked: Duration?, random: inout some RandomNumberGenerator) -> Duration? {
        let middle = limits.overloadPause.nanoseconds
        let jittered = Duration.nanoseconds(
            Int64.random(in: middle / 2...max(middle / 2, middle * 3 / 2), using: &random))
        let pause = max(jittered, asked ?? .zero)
        return pause <= max(limits.overloadPauseMax, jittered) ? pause : nil
    }

    private mutating func enlarge(
        _ candidate: Candidate, _ failure: UpstreamFailure, at now: Instant,
        _ availability: (Candidate) -> Availability
    ) -> Step {
        guard let window = table.model(of: candidate).contextWindow else { return .returnToCaller(failure) }
        windowTooSmall = max(window, windowTooSmall ?? 0)
        let step = advance(to: table.followingModel(candidate), at: now, availability: availability)
        // The request is what is too large: without a larger window the caller must hear of that.
        if case .giveUp(let exhaustion) = step, exhaustion.reason == .candidates {
            return .returnToCaller(failure)
        }
        return step
    }

    /// Tries the first candidate from `start` on that may be tried.
    private mutating func advance(
        to start: Candidate, at now: Instant, availability: (Candidate) -> Availability
    ) -> Step {
        var candidate = start
        while candidate.target < table.targets.count {
            if isOpen(candidate) {
                guard attempts < limits.attemptsMax else { return giveUp(.attempts) }
                guard hasTime(at: now) else { return giveUp(.deadline) }
                switch availability(candidate) {
                case .open: return attempt(candidate)
                case .rateLimited(let wait): tally.addRateLimit(wait)
                case .out: break
                }
            }
            candidate = table.following(candidate)
        }
        return giveUp(.candidates)
    }

    private mutating func attempt(_ candidate: Candidate) -> Step {
        let reason = AttemptReason(from: current, to: candidate, in: table)
        current = candidate
        hasRetriedCurrent = false
        attempts += 1
        return .attempt(candidate, reason: reason, after: .zero)
    }

    /// Whether nothing that this request has met speaks against it.
    private func isOpen(_ candidate: Candidate) -> Bool {
        if let windowTooSmall, (table.model(of: candidate).contextWindow ?? 0) <= windowTooSmall {
            return false
        }
        if !providersOut.isEmpty, providersOut.contains(table.provider(of: candidate)) { return false }
        return keysOut.isEmpty || !keysOut.contains(place(of: candidate))
    }

    private func place(of candidate: Candidate) -> KeyPlace {
        KeyPlace(provider: table.provider(of: candidate), key: table.keyAlias(of: candidate))
    }

    private func hasTime(at now: Instant) -> Bool {
        !deadline.hasPassed(at: now) && deadline.remaining(at: now) >= limits.attemptTimeMin
    }

    private func giveUp(_ reason: Exhaustion.Reason) -> Step {
        .giveUp(Exhaustion(reason: reason, attempts: attempts, tally: tally))
    }
}
