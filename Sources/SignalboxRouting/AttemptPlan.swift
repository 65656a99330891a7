public import SignalboxCore

/// Walks one request through its candidates: asked after each failure, it says what to do.
///
/// It holds indexes and allocates nothing until something has failed. It reads no clock and draws no random
/// numbers of its own, so that the same inputs give the same decisions.
///
///     begin ──next(after: nil)──▶ trying ──next(after: failure)──▶ trying | returned | stopped | exhausted
///                                 │    ▲
///                        wait in line  └──resume
///
public struct AttemptPlan: Sendable {
    public struct Limits: Sendable, Equatable {
        /// For the whole request, retries of the same candidate included.
        public var attemptsMax: Int
        /// A candidate is not tried with less than this left until the deadline.
        public var attemptTimeMin: Duration
        /// The middle of the jittered pause before an overloaded candidate is asked again: half to one and a
        /// half of it.
        public var overloadPause: Duration
        /// A provider that asks for a longer pause than this is left at once.
        public var overloadPauseMax: Duration
        /// The preferred provider, all of whose keys rest, is waited for if one of them rests no longer.
        public var waitForPreferred: Duration

        public init(
            attemptsMax: Int = 8, attemptTimeMin: Duration = .zero,
            overloadPause: Duration = .milliseconds(200),
            overloadPauseMax: Duration = .seconds(2), waitForPreferred: Duration = .zero
        ) {
            precondition(attemptsMax > 0, "at least one attempt")
            self.attemptsMax = attemptsMax
            self.attemptTimeMin = attemptTimeMin
            self.overloadPause = overloadPause
            self.overloadPauseMax = overloadPauseMax
            self.waitForPreferred = waitForPreferred
        }
    }

    public enum Step: Sendable, Equatable {
        /// After a pause the candidate has not been admitted yet: if it is not, go on with
        /// ``AttemptPlan/refused(at:availability:)``.
        case attempt(Candidate, reason: AttemptReason, after: Duration)
        /// Every candidate that is left is at a limit of ours: wait in line, then ``AttemptPlan/resume``.
        case wait(Shortage)
        /// No other candidate would do better: the caller gets this error.
        case returnToCaller(UpstreamFailure)
        /// The caller has left.
        case stop(UpstreamFailure)
        case giveUp(Exhaustion)
    }

    /// What others know of a candidate when its turn comes.
    public enum Availability: Sendable, Equatable {
        /// Admitted: its place is taken.
        case open
        /// As many requests as it may have are at it.
        case busy
        /// Our own window is full for so long yet.
        case limited(for: Duration)
        /// The provider asked to be left alone for so long yet: counts as a rate limit that was met.
        case resting(for: Duration)
        /// An open breaker: it will pass.
        case broken
        /// The request alone is larger than what a window of ours lets through in a minute.
        case tooLarge
        /// A key that is known to be bad, a model that is not there: a person must mend it.
        case out
    }

    /// What there is too little of.
    public struct Shortage: Sendable, Equatable {
        /// Those that a place is waited for at, in the order of preference.
        public var providers: [Int]
        /// When the first window has room again; nil where only places are missing.
        public var shortest: Duration?

        public init(providers: [Int], shortest: Duration?) {
            self.providers = providers
            self.shortest = shortest
        }
    }

    /// A key that is out wherever its provider appears.
    struct KeyPlace: Sendable, Equatable {
        var provider: Int
        var key: String
    }

    /// A candidate that was not to be had when its turn came.
    private struct Passed: Sendable {
        var candidate: Candidate
        var availability: Availability
    }

    public let table: CandidateTable
    public let deadline: Deadline
    public let limits: Limits
    /// The targets in the order in which they are tried; nil: as they stand in the table.
    public let order: [Int]?
    /// The request has at least so many tokens: candidates whose window is known to be smaller are not tried.
    public let tokensMin: Int
    public internal(set) var attempts = 0
    public internal(set) var current: Candidate?
    private var hasRetriedCurrent = false
    private var hasWaitedForPreferred = false
    var providersOut: [Int] = []
    var keysOut: [KeyPlace] = []
    /// Once a context was too long: the windows that are known to be too small.
    var windowTooSmall: Int?
    private var passed: [Passed] = []
    /// Once a second candidate was asked beside one that was slow.
    var pair: Pair?
    var tally = FailureTally()

    public init(
        _ table: CandidateTable, deadline: Deadline, limits: Limits = Limits(), order: [Int]? = nil,
        tokensMin: Int = 0
    ) {
        self.table = table
        self.deadline = deadline
        self.limits = limits
        self.order = order
        self.tokensMin = tokensMin
    }

    /// What to do next; `failure` is nil the first time only. `availability` is asked when a candidate's turn
    /// has come, and admits it where it answers ``Availability/open``.
    public mutating func next(
        after failure: UpstreamFailure?, at now: Instant, random: inout some RandomNumberGenerator,
        availability: (Candidate) -> Availability = { _ in .open }
    ) -> Step {
        guard let failure else {
            precondition(current == nil, "an attempt was made: say how it failed")
            if let largest = table.windowMax, largest < tokensMin { return .returnToCaller(tooLong(largest)) }
            return advance(to: first(at: 0), at: now, availability)
        }
        guard let candidate = current else {
            preconditionFailure("nothing was attempted that could have failed")
        }
        if let pair, pair.left == .second { return afterBoth(pair, failure, at: now, availability) }
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
            if failure.kind == .rateLimited, let wait = failure.retryAfter {
                passOver(candidate, .resting(for: wait))
            }
            return advance(to: following(candidate), at: now, availability)
        case .nextKeyForEveryModel:
            keysOut.append(place(of: candidate))
            return advance(to: following(candidate), at: now, availability)
        case .nextModel:
            return advance(to: followingModel(candidate), at: now, availability)
        case .largerWindow:
            return enlarge(candidate, failure, at: now, availability)
        case .returnToCaller:
            return .returnToCaller(failure)
        case .stop:
            return .stop(failure)
        }
    }

    /// The candidate of the last step, which was to be tried after a pause, is not to be had any more.
    public mutating func refused(
        at now: Instant, availability: (Candidate) -> Availability = { _ in .open }
    ) -> Step {
        guard let candidate = current else { preconditionFailure("no candidate was named") }
        attempts -= 1
        return leaveProvider(of: candidate, at: now, availability)
    }

    /// Tries those again that were not to be had: it is this request's turn.
    public mutating func resume(
        at now: Instant, availability: (Candidate) -> Availability
    ) -> Step {
        for index in passed.indices where isOpen(passed[index].candidate) {
            guard hasTime(at: now) else { return giveUp(.deadline) }
            passed[index].availability = availability(passed[index].candidate)
            if passed[index].availability == .open {
                return attempt(passed.remove(at: index).candidate, after: .zero)
            }
        }
        return shortage.map(Step.wait) ?? giveUp(.candidates)
    }

    /// Ends the request: no place in line was to be had, or none in time.
    public mutating func giveUp(_ reason: Exhaustion.Reason) -> Step {
        for entry in passed {
            switch entry.availability {
            case .resting(let wait), .limited(let wait): tally.addRateLimit(wait)
            case .busy, .broken: tally.addAbsence()
            case .tooLarge where attempts == 0 && passed.allSatisfy { $0.availability == .tooLarge }:
                return .returnToCaller(tooLarge)
            case .tooLarge: tally.addLasting()
            case .open, .out: break
            }
        }
        return .giveUp(Exhaustion(reason: reason, attempts: attempts, tally: tally))
    }

    // MARK: The walk

    private mutating func leaveProvider(
        of candidate: Candidate, at now: Instant, _ availability: (Candidate) -> Availability
    ) -> Step {
        providersOut.append(table.provider(of: candidate))
        return advance(to: first(at: position(of: candidate) + 1), at: now, availability)
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
        let step = advance(to: followingModel(candidate), at: now, availability)
        // The request is what is too large: without a larger window the caller must hear of that.
        if case .giveUp(let exhaustion) = step, exhaustion.reason == .candidates {
            return .returnToCaller(failure)
        }
        return step
    }

    /// Tries the first candidate from `start` on that may be tried.
    mutating func advance(
        to start: Candidate?, at now: Instant, _ availability: (Candidate) -> Availability
    ) -> Step {
        var next = start
        while let candidate = next {
            if isOpen(candidate) {
                guard attempts < limits.attemptsMax else { return giveUp(.attempts) }
                guard hasTime(at: now) else { return giveUp(.deadline) }
                if !passed.isEmpty, let wait = waitForPreferred(before: candidate, at: now) { return wait }
                let availability = availability(candidate)
                if availability == .open { return attempt(candidate, after: .zero) }
                passOver(candidate, availability)
            }
            next = following(candidate)
        }
        if !passed.isEmpty, attempts < limits.attemptsMax {
            if let wait = waitForPreferred(before: nil, at: now) { return wait }
            if let shortage { return .wait(shortage) }
        }
        return giveUp(deadline.hasPassed(at: now) ? .deadline : .candidates)
    }

    private mutating func attempt(_ candidate: Candidate, after pause: Duration) -> Step {
        let reason = AttemptReason(from: current, to: candidate, in: table)
        hasRetriedCurrent = current == candidate
        current = candidate
        attempts += 1
        return .attempt(candidate, reason: reason, after: pause)
    }

    /// Nil where `table` ends.
    func following(_ candidate: Candidate) -> Candidate? {
        table.following(candidate) ?? first(at: position(of: candidate) + 1)
    }

    /// The first key of the next model, or the next target where there is none.
    private func followingModel(_ candidate: Candidate) -> Candidate? {
        table.followingModel(candidate) ?? first(at: position(of: candidate) + 1)
    }

    private func first(at position: Int) -> Candidate? {
        guard position < order?.count ?? table.targets.count else { return nil }
        return Candidate(target: order?[position] ?? position, model: 0, key: 0)
    }

    private func position(of candidate: Candidate) -> Int {
        guard let order else { return candidate.target }
        guard let position = order.firstIndex(of: candidate.target) else {
            preconditionFailure("a candidate's target is in the order it came from")
        }
        return position
    }

    // MARK: Those passed over

    mutating func passOver(_ candidate: Candidate, _ availability: Availability) {
        if availability == .out { return tally.addLasting() }
        if let index = passed.firstIndex(where: { $0.candidate == candidate }) {
            passed[index].availability = availability
        } else {
            passed.append(Passed(candidate: candidate, availability: availability))
        }
    }

    /// Nil where nobody who was passed over is at a limit of ours.
    private var shortage: Shortage? {
        var shortage = Shortage(providers: [], shortest: nil)
        for entry in passed where isOpen(entry.candidate) {
            switch entry.availability {
            case .busy: break
            case .limited(let wait): shortage.shortest = min(wait, shortage.shortest ?? wait)
            case .open, .resting, .broken, .tooLarge, .out: continue
            }
            let provider = table.provider(of: entry.candidate)
            if !shortage.providers.contains(provider) { shortage.providers.append(provider) }
        }
        return shortage.providers.isEmpty ? nil : shortage
    }

    /// The preferred provider is left for `next`: not if one of its keys rests for a little while only.
    private mutating func waitForPreferred(before next: Candidate?, at now: Instant) -> Step? {
        guard limits.waitForPreferred > .zero, !hasWaitedForPreferred, let preferred = first(at: 0) else {
            return nil
        }
        let provider = table.provider(of: preferred)
        if let next, table.provider(of: next) == provider { return nil }
        var shortest: (candidate: Candidate, wait: Duration)?
        for entry in passed where table.provider(of: entry.candidate) == provider && isOpen(entry.candidate) {
            guard case .resting(let wait) = entry.availability else { continue }
            if wait < shortest?.wait ?? .seconds(Int64.max / 2) { shortest = (entry.candidate, wait) }
        }
        guard let shortest, shortest.wait <= limits.waitForPreferred,
            hasTime(at: now.advanced(by: shortest.wait))
        else { return nil }
        hasWaitedForPreferred = true
        return attempt(shortest.candidate, after: shortest.wait)
    }

    // MARK: What this request knows

    /// Whether nothing that this request has met speaks against it.
    func isOpen(_ candidate: Candidate) -> Bool {
        let window = table.model(of: candidate).contextWindow
        if let windowTooSmall, (window ?? 0) <= windowTooSmall { return false }
        if let window, window < tokensMin { return false }
        if let pair, pair.isSpent(candidate) { return false }
        if !providersOut.isEmpty, providersOut.contains(table.provider(of: candidate)) { return false }
        return keysOut.isEmpty || !keysOut.contains(place(of: candidate))
    }

    func place(of candidate: Candidate) -> KeyPlace {
        KeyPlace(provider: table.provider(of: candidate), key: table.keyAlias(of: candidate))
    }

    func hasTime(at now: Instant) -> Bool {
        !deadline.hasPassed(at: now) && deadline.remaining(at: now) >= limits.attemptTimeMin
    }

    private var tooLarge: UpstreamFailure {
        UpstreamFailure(
            .contextTooLong,
            message: "The request alone has more tokens than the configured limits let through in a minute.",
            status: 400, code: "tokens_limit_exceeded", parameter: "messages")
    }

    private func tooLong(_ largest: Int) -> UpstreamFailure {
        UpstreamFailure(
            .contextTooLong,
            message: "The request has at least \(tokensMin) tokens, and no model here takes more than "
                + "\(largest).",
            status: 400, code: "context_length_exceeded", parameter: "messages")
    }
}
