public import SignalboxCore
import SignalboxHTTP
public import SignalboxRouting

/// Which candidates a request would get, in order, each with its reason. Nothing is sent for it.
public struct Explanation: Sendable, Equatable {
    public struct Candidate: Sendable, Equatable {
        public var provider: String
        public var model: String
        /// The key's alias.
        public var key: String
        /// Why its target stands where it does.
        public var reason: OrderReason
        /// What the strategy compared, where that is a number.
        public var score: Double?
        public var verdict: Verdict
    }

    /// What would come of a candidate when its turn comes.
    public enum Verdict: Sendable, Equatable {
        case open
        /// At a cap of ours: it would be waited for in line.
        case busy
        /// Our own window is full for so long yet: likewise.
        case limited(for: Duration)
        /// The provider asked to be left alone for so long yet.
        case resting(for: Duration)
        case out(OutReason)
        /// Its context window is known to be too small.
        case windowTooSmall
        /// The vendor has no such operation.
        case unsupported
    }

    public var route: String
    public var strategy: String
    public var priority: RequestPriority
    /// Of the prompt, estimated; 0 where no candidate's limits, window or price makes tokens count.
    public var promptTokens: Int
    /// In the order in which they would be tried.
    public var candidates: [Candidate]

    /// The first that would be asked; nil where the request would wait, or fail.
    public var first: Candidate? { candidates.first { $0.verdict == .open } }
}

extension Router {
    /// Explains what a request would meet now; nil where no route has its model. Turns are not taken, and
    /// strategies that draw draw anew: the next request may draw otherwise.
    public func explain(_ call: ChatCall, wishes: RoutingWishes = RoutingWishes()) -> Explanation? {
        guard let route = currentTable[call.model] else { return nil }
        let now = time.now()
        let priority = wishes.priority ?? call.priority ?? .normal
        let lane = route.lane(for: priority)
        let size = lane.countsTokens ? RequestSize(of: call) : RequestSize()
        var random = FastRandom()
        var order = TargetOrder(route, lane, wishes, size, priority).targets(
            sticky: nil, at: now, turn: route.turn, random: &random)
        if order.isEmpty { order = lane.traits.indices.map { OrderedTarget(target: $0, reason: .listed) } }
        let candidates = order.flatMap { target in
            lane.candidates(of: target.target).map { candidate in
                Explanation.Candidate(
                    provider: candidate.provider.name, model: candidate.model, key: candidate.keyAlias,
                    reason: target.reason, score: target.score,
                    verdict: verdict(on: candidate, for: call, size, at: now))
            }
        }
        return Explanation(
            route: route.name, strategy: route.strategy.rawValue, priority: priority,
            promptTokens: size.promptTokens, candidates: candidates)
    }

    private func verdict(
        on candidate: ResolvedCandidate, for call: ChatCall, _ size: RequestSize, at now: Instant
    ) -> Explanation.Verdict {
        if candidate.transport(for: call.operation) == nil { return .unsupported }
        let window = candidate.provider.candidateModel(named: candidate.model).contextWindow
        if let window, window < size.promptTokensMin { return .windowTooSmall }
        let seat = candidate.seat
        let tokens = size.promptTokens + size.answerTokens
        return switch seat.desk.peek(key: seat.key, model: seat.model, tokens: tokens, at: now) {
        case .open: room.hasWaiters(for: candidate.provider.number) ? .busy : .open
        case .busy: .busy
        case .limited(let wait): .limited(for: wait)
        case .resting(let wait): .resting(for: wait)
        case .out(let reason): .out(reason)
        }
    }
}

extension Explanation {
    /// As `POST /admin/explain` tells it.
    public var json: JSONTree {
        .object([
            "route": .string(route), "strategy": .string(strategy), "priority": .string(priority.rawValue),
            "prompt_tokens": promptTokens > 0 ? .integer(promptTokens) : nil,
            "candidates": .array(candidates.map(\.json)),
        ])
    }
}

extension Explanation.Candidate {
    fileprivate var json: JSONTree {
        .object([
            "provider": .string(provider), "model": .string(model), "key": .string(key),
            "reason": .string(reason.rawValue), "because": .string(reason.text),
            "score": score.map { .double($0) }, "verdict": .string(verdict.name),
            "for_ms": verdict.wait.map { .milliseconds($0) },
        ])
    }
}

extension Explanation.Verdict {
    /// `open`, `busy`, `limited`, `resting`, an ``OutReason``, `window_too_small` or `unsupported`.
    public var name: String {
        switch self {
        case .open: "open"
        case .busy: "busy"
        case .limited: "limited"
        case .resting: "resting"
        case .out(let reason): reason.rawValue
        case .windowTooSmall: "window_too_small"
        case .unsupported: "unsupported"
        }
    }

    fileprivate var wait: Duration? {
        switch self {
        case .limited(let wait), .resting(let wait): wait
        case .open, .busy, .out, .windowTooSmall, .unsupported: nil
        }
    }
}
