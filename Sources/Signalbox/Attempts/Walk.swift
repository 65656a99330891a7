import SignalboxCore
import SignalboxHTTP
import SignalboxRouting

/// The walk of one request through its candidates: the plan decides, this asks at the providers' desks, waits
/// in line, and tells of moves. On the loop's thread.
struct Walk {
    let lane: Lane
    /// The targets in the order of this request, each with its reason; empty where they stand as listed.
    let order: [OrderedTarget]
    /// Only candidates are asked that go on with an answer which was begun elsewhere.
    var isForContinuation = false
    private let call: RoutedCall
    private let size: RequestSize
    private var plan: AttemptPlan
    /// Of the candidate whose turn it is.
    private var ticket: Ticket?
    private var failure: UpstreamFailure?
    /// Of the first of two that were asked at once, while the second goes on.
    private var firstFailure: UpstreamFailure?

    init(_ call: RoutedCall, at now: Instant) {
        self.call = call
        lane = call.lane
        size = lane.countsTokens ? call.size : RequestSize()
        order = call.order(of: lane, size, at: now)
        plan = AttemptPlan(
            lane.plan, deadline: call.deadline, limits: call.route.limits,
            order: order.isEmpty ? nil : order.map(\.target),
            tokensMin: size.promptTokensMin)
    }

    /// A candidate whose place is taken.
    struct Turn {
        let candidate: ResolvedCandidate
        let ticket: Ticket
        let reason: AttemptReason
        let order: OrderReason?
    }

    func turn(of candidate: Candidate, _ ticket: Ticket, because reason: AttemptReason) -> Turn {
        Turn(
            candidate: lane[candidate], ticket: ticket, reason: reason, order: self.reason(of: candidate))
    }

    /// Why the candidate's target stands where it does; nil where targets are tried as they are listed.
    func reason(of candidate: Candidate) -> OrderReason? {
        order.first { $0.target == candidate.target }?.reason
    }

    mutating func begin(at now: Instant) -> AttemptPlan.Step {
        next(after: nil, at: now)
    }

    /// What comes after an attempt that failed.
    mutating func next(after failure: UpstreamFailure?, at now: Instant) -> AttemptPlan.Step {
        self.failure = firstFailure ?? failure
        firstFailure = nil
        let previous = plan.current
        var asking = Asking(self, at: now)
        let step = plan.next(after: failure, at: now, random: &call.worker.random) { asking.admit($0) }
        ticket = asking.ticket
        tell(step, from: previous)
        return step
    }

    /// Takes the candidate's place, after the pause before it. Nil if it is not to be had any more, or the
    /// client has left.
    mutating func take(_ candidate: Candidate, after pause: Duration) async -> Ticket? {
        if let ticket {
            self.ticket = nil
            return ticket
        }
        // The same candidate once more: its place was given back when the last attempt ended.
        if pause > .zero {
            guard await call.rest(pause), !call.isCancelled else { return nil }
        }
        var asking = Asking(self, at: call.worker.loop.now())
        return asking.admit(candidate) == .open ? asking.ticket : nil
    }

    /// What comes after a place that was not to be had any more.
    mutating func refused(at now: Instant) -> AttemptPlan.Step {
        let previous = plan.current
        var asking = Asking(self, at: now)
        let step = plan.refused(at: now) { asking.admit($0) }
        ticket = asking.ticket
        tell(step, from: previous)
        return step
    }

    // MARK: Two at once

    var hasHedged: Bool { plan.hasHedged }
    var isFirstOut: Bool { plan.isFirstOut }

    /// The next candidate beside the current one, and its place; nil where none is to be had at once.
    mutating func hedge(at now: Instant) -> Turn? {
        var asking = Asking(self, at: now)
        guard let candidate = plan.hedge(at: now, availability: { asking.admit($0) }),
            let ticket = asking.ticket
        else { return nil }
        return turn(of: candidate, ticket, because: .hedge)
    }

    mutating func firstFailed(_ failure: UpstreamFailure) {
        firstFailure = failure
        plan.firstFailed(failure)
    }

    mutating func hedgeFailed(_ failure: UpstreamFailure) {
        plan.hedgeFailed(failure)
    }

    mutating func hedgeWon() {
        firstFailure = nil
        plan.hedgeWon()
    }

    private func tell(_ step: AttemptPlan.Step, from previous: Candidate?) {
        guard case .attempt(let next, let reason, _) = step, let previous, let failure else { return }
        call.tellMove(from: lane[previous], to: lane[next], reason, because: failure)
    }

    // MARK: In line

    /// Waits until a place is to be had, or it is too late. Nil if the client has left.
    mutating func wait(for shortage: AttemptPlan.Shortage) async -> AttemptPlan.Step? {
        let loop = call.worker.loop
        let start = loop.now()
        let place = call.router.room.join(
            shortage.providers, priority: call.effectivePriority, on: loop, cancelledBy: call.canceller)
        guard let place else { return plan.giveUp(.queueFull) }
        call.place = place
        defer {
            call.place = nil
            call.queued += start.duration(to: call.addWait(since: start))
        }
        var shortage = shortage
        var lines = shortage.providers
        let end = min(place.waitsUntil, call.deadline.instant)
        while true {
            let hint = shortage.shortest.map { loop.now().advanced(by: $0) } ?? end
            let turn = await place.turn(until: min(end, hint))
            let now = loop.now()
            if turn == .cancelled {
                place.leave(.givenUp)
                return nil
            }
            if turn == .late, now >= end {
                place.leave(.late)
                return plan.giveUp(.queueTimeout)
            }
            let step = resume(at: place, now)
            guard case .wait(let latest) = step else {
                place.leave(ticket == nil ? .givenUp : .served)
                return step
            }
            shortage = latest
            // A line whose provider can no longer serve this request is held up by it for nothing.
            for line in lines where !latest.providers.contains(line) { place.giveUp(line) }
            lines.removeAll { !latest.providers.contains($0) }
            // Those that were left before it is no head of, and so finds busy: nobody would wake it there.
            if lines.isEmpty {
                place.leave(.givenUp)
                return plan.giveUp(.candidates)
            }
        }
    }

    private mutating func resume(at place: WaitingPlace, _ now: Instant) -> AttemptPlan.Step {
        let previous = plan.current
        var asking = Asking(self, at: now, as: place)
        let step = plan.resume(at: now) { asking.admit($0) }
        ticket = asking.ticket
        tell(step, from: previous)
        return step
    }

    /// Asks at the desks, once for each candidate whose turn has come.
    private struct Asking {
        let lane: Lane
        let call: RoutedCall
        let tokens: Int
        let now: Instant
        /// Nil for who comes now: then whoever waits goes first.
        let place: WaitingPlace?
        let isForContinuation: Bool
        var ticket: Ticket?

        init(_ walk: borrowing Walk, at now: Instant, as place: WaitingPlace? = nil) {
            lane = walk.lane
            call = walk.call
            tokens = walk.size.promptTokens + walk.size.answerTokens
            isForContinuation = walk.isForContinuation
            self.now = now
            self.place = place
        }

        mutating func admit(_ candidate: Candidate) -> AttemptPlan.Availability {
            let resolved = lane[candidate]
            if isForContinuation, resolved.prefill == .refused { return .out }
            let number = resolved.seat.desk.number
            if place.map({ !$0.isHead(of: number) }) ?? call.router.room.hasWaiters(for: number) {
                return .busy
            }
            let admission = resolved.seat.admit(tokens: tokens, at: now)
            if case .open(let ticket) = admission {
                self.ticket = ticket
                if ticket.isProviderProbe || ticket.isKeyProbe {
                    call.router.standingEvents.probes(ticket, at: resolved, by: call)
                }
            }
            return AttemptPlan.Availability(admission)
        }
    }
}

extension RequestSize {
    /// Tokens that are reserved for an answer whose length the caller does not limit.
    static let usualAnswerTokens = 256
    /// No more is reserved than this, whatever the caller allows: answers are seldom as long as they may be,
    /// and what is used is settled in the end.
    static let answerTokensMax = 4_096

    init(of call: ChatCall) {
        let limit = call.fields.integer("max_completion_tokens") ?? call.fields.integer("max_tokens")
        let prompt = TokenEstimate.prompt(inBody: call.body)
        self.init(
            promptTokens: prompt.tokens, promptTokensMin: prompt.tokensMin,
            answerTokens: call.operation == .embeddings
                ? 0 : min(max(0, limit ?? Self.usualAnswerTokens), Self.answerTokensMax))
    }
}
