public import SignalboxCore

// A second candidate, asked beside one that is slow. Never more than one for a request.
//
//     both ──hedgeFailed──▶ first alone ──next(after:)──▶ the walk goes on behind the first one
//      ├───firstFailed──▶ second alone ──next(after:)──▶ likewise
//      └───hedgeWon──▶ the second is the current one
//
extension AttemptPlan {
    /// Two that are asked at once.
    struct Pair: Sendable {
        enum Left: Sendable {
            case both, first, second, neither
        }

        let second: Candidate
        var left = Left.both
        /// What the first one said, where no other candidate would do better.
        var verdict: UpstreamFailure?
        var hasSecondFailed = false
        /// One of a model that is not there, at whatever key.
        var withoutModel: [Candidate] = []

        /// Whether a candidate has had its turn in this pair.
        func isSpent(_ candidate: Candidate) -> Bool {
            hasSecondFailed && candidate == second
                || withoutModel.contains { $0.target == candidate.target && $0.model == candidate.model }
        }
    }

    /// Whether a second candidate has been asked.
    public var hasHedged: Bool { pair != nil }

    /// Whether the first one has failed, and the second goes on or was the last.
    public var isFirstOut: Bool { pair?.left == .second }

    /// The next candidate beside the current one, with another key or at another provider; nil where none is
    /// to be had at once. It counts as an attempt.
    public mutating func hedge(
        at now: Instant, availability: (Candidate) -> Availability = { _ in .open }
    ) -> Candidate? {
        guard let first = current, pair == nil, attempts < limits.attemptsMax, hasTime(at: now) else {
            return nil
        }
        var next = following(first)
        while let candidate = next {
            if isOpen(candidate), place(of: candidate) != place(of: first),
                availability(candidate) == .open
            {
                pair = Pair(second: candidate)
                attempts += 1
                return candidate
            }
            next = following(candidate)
        }
        return nil
    }

    /// The first one has failed, and the second goes on.
    public mutating func firstFailed(_ failure: UpstreamFailure) {
        guard let first = current, pair?.left == .both else {
            preconditionFailure("two were asked, and the first one fails once")
        }
        pair?.left = .second
        tally.add(failure)
        leave(first, after: failure)
        switch Move(after: failure.kind) {
        case .returnToCaller, .stop: pair?.verdict = failure
        case .retryAtOnce, .retryAfterPause, .nextProvider, .nextKeyForThisModel, .nextKeyForEveryModel,
            .nextModel, .largerWindow:
            break
        }
    }

    /// The second one has failed, and the first goes on.
    public mutating func hedgeFailed(_ failure: UpstreamFailure) {
        guard let pair, pair.left == .both else {
            preconditionFailure("two were asked, and the second one fails once")
        }
        self.pair?.left = .first
        self.pair?.hasSecondFailed = true
        tally.add(failure)
        leave(pair.second, after: failure)
    }

    /// The second one has answered.
    public mutating func hedgeWon() {
        guard let pair else { preconditionFailure("two were asked") }
        self.pair?.left = .neither
        current = pair.second
    }

    /// Both have failed, the second one last: the walk goes on behind the first.
    mutating func afterBoth(
        _ pair: Pair, _ failure: UpstreamFailure, at now: Instant, _ availability: (Candidate) -> Availability
    ) -> Step {
        self.pair?.left = .neither
        self.pair?.hasSecondFailed = true
        tally.add(failure)
        leave(pair.second, after: failure)
        if let verdict = pair.verdict { return .returnToCaller(verdict) }
        switch Move(after: failure.kind) {
        case .returnToCaller: return .returnToCaller(failure)
        case .stop: return .stop(failure)
        case .retryAtOnce, .retryAfterPause, .nextProvider, .nextKeyForThisModel, .nextKeyForEveryModel,
            .nextModel, .largerWindow:
            return advance(to: current.flatMap { following($0) }, at: now, availability)
        }
    }

    /// Keeps what one of a pair has taught this request; it is not asked again.
    private mutating func leave(_ candidate: Candidate, after failure: UpstreamFailure) {
        switch Move(after: failure.kind) {
        case .retryAtOnce, .retryAfterPause, .nextProvider: providersOut.append(table.provider(of: candidate))
        case .nextKeyForThisModel:
            if failure.kind == .rateLimited, let wait = failure.retryAfter {
                passOver(candidate, .resting(for: wait))
            }
        case .nextKeyForEveryModel: keysOut.append(place(of: candidate))
        case .nextModel: pair?.withoutModel.append(candidate)
        case .largerWindow:
            guard let window = table.model(of: candidate).contextWindow else { return }
            windowTooSmall = max(window, windowTooSmall ?? 0)
        case .returnToCaller, .stop: return
        }
    }
}
