public import SignalboxCore

extension ProviderStanding {
    /// Remembers how an attempt ended, by the column "remembered as" of docs/failures.md.
    ///
    /// What the provider fails at counts for its breaker and for that of the key that met it. What it refuses
    /// (a limit, a key, a model, a request) is no failure of either, nor a success; nor is a caller who left.
    /// Such an attempt, if it was a probe, gives its turn back.
    ///
    /// - Returns: What that changed, for metrics and the log; mostly nothing.
    public mutating func settle(
        _ ticket: Ticket, _ ending: AttemptEnding, at now: Instant
    ) -> [StandingChange] {
        let now = advance(to: now)
        leave(ticket, tokensUsed: ending.tokensUsed, at: now)
        var changes: [StandingChange] = []
        switch ending.failure {
        case nil:
            health.recordAnswer(latency: ending.latency, at: now)
            answered(ticket, at: now, &changes)
        case .unreachable, .timeout, .overloaded, .malformedReply, .interrupted:
            health.recordFailure(at: now)
            failed(ticket, at: now, &changes)
        case .rateLimited:
            giveBack(ticket, at: now)
            if !ending.limitIsPerModel { keys[ticket.key].meetLimit(begunAt: ticket.admittedAt, at: now) }
            rest(ticket, ending, at: now, &changes)
        case .keyRejected:
            giveBack(ticket, at: now)
            exclude(key: ticket.key, for: .keyRejected, at: now, &changes)
        case .noCredit:
            giveBack(ticket, at: now)
            keys[ticket.key].isWithoutCredit = true
            exclude(key: ticket.key, for: .noCredit, at: now, &changes)
        case .accessMissing:
            giveBack(ticket, at: now)
            let until = now.advanced(by: settings.keyRecheck)
            let isNews = keys[ticket.key].models.change(ticket.model) {
                $0.access.exclude(for: .accessMissing, until: until)
            }
            if isNews { changes.append(.accessMissing(key: ticket.key, model: ticket.model)) }
        case .modelNotFound:
            giveBack(ticket, at: now)
            let until = now.advanced(by: settings.keyRecheck)
            if models[ticket.model].out.exclude(for: .modelNotFound, until: until) {
                changes.append(.modelOut(model: ticket.model))
            }
        case .contextTooLong, .contentFiltered, .invalidRequest, .cancelled:
            giveBack(ticket, at: now)
        }
        heed(ending, of: ticket, at: now, &changes)
        if let change = healthChange(at: now) { changes.append(change) }
        return changes
    }

    /// What was tried with it is good again, and rate limits no longer go on.
    private mutating func answered(_ ticket: Ticket, at now: Instant, _ changes: inout [StandingChange]) {
        if let state = breaker.record(failed: false, of: ticket.providerPass, at: now) {
            changes.append(.providerBreaker(to: state))
        }
        let (state, isBack) = keys[ticket.key].answered(ticket, at: now)
        if let state { changes.append(.keyBreaker(key: ticket.key, to: state)) }
        if isBack { changes.append(.keyBack(key: ticket.key)) }
        if ticket.trials.model != .none, models[ticket.model].out.readmit(ticket.trials.model) {
            changes.append(.modelBack(model: ticket.model))
        }
    }

    private mutating func failed(_ ticket: Ticket, at now: Instant, _ changes: inout [StandingChange]) {
        if let state = breaker.record(failed: true, of: ticket.providerPass, at: now) {
            changes.append(.providerBreaker(to: state))
        }
        if let state = keys[ticket.key].breaker.record(failed: true, of: ticket.keyPass, at: now) {
            changes.append(.keyBreaker(key: ticket.key, to: state))
        }
        giveBackTrials(ticket, at: now)
    }

    private mutating func exclude(
        key: Int, for reason: OutReason, at now: Instant, _ changes: inout [StandingChange]
    ) {
        let until = now.advanced(by: settings.keyRecheck)
        if keys[key].out.exclude(for: reason, until: until) {
            changes.append(.keyOut(key: key, reason: reason))
        }
    }

    private mutating func rest(
        _ ticket: Ticket, _ ending: AttemptEnding, at now: Instant, _ changes: inout [StandingChange]
    ) {
        let asked = ending.retryAfter ?? ending.resetOfExhausted
        let begun = ticket.admittedAt
        let model = ending.limitIsPerModel ? ticket.model : nil
        let rest =
            if let model {
                keys[ticket.key].models.change(model) { $0.rest.limit(asked: asked, begunAt: begun, at: now) }
            } else {
                keys[ticket.key].rest.limit(asked: asked, begunAt: begun, at: now)
            }
        if let rest { changes.append(.keyRests(key: ticket.key, model: model, for: rest)) }
    }

    /// Takes what the provider's headers say of its limits.
    private mutating func heed(
        _ ending: AttemptEnding, of ticket: Ticket, at now: Instant, _ changes: inout [StandingChange]
    ) {
        if let notice = ending.requestLimit.map(ending.believed) {
            if !ending.limitIsPerModel { keys[ticket.key].requests.correct(notice, at: now) }
            leaveEarly(notice, below: 1, perModel: ending.limitIsPerModel, ticket, at: now, &changes)
        }
        if let notice = ending.tokenLimit.map(ending.believed) {
            if !ending.limitIsPerModel { keys[ticket.key].tokens.correct(notice, at: now) }
            leaveEarly(
                notice, below: max(1, settings.tokensFloor), perModel: ending.limitIsPerModel, ticket,
                at: now, &changes)
        }
    }

    /// Rests before the limit is met, where the windows do not see to it: below the floor of tokens, and
    /// where the limit is of one model.
    private mutating func leaveEarly(
        _ notice: LimitNotice, below floor: Int, perModel: Bool, _ ticket: Ticket, at now: Instant,
        _ changes: inout [StandingChange]
    ) {
        guard let remaining = notice.remaining, remaining < floor, perModel || floor > 1 else { return }
        let wait = notice.resetsIn ?? .seconds(60)
        guard wait > .zero else { return }
        let model = perModel ? ticket.model : nil
        let rest =
            if let model {
                keys[ticket.key].models.change(model) { $0.rest.begin(for: wait, at: now) }
            } else {
                keys[ticket.key].rest.begin(for: wait, at: now)
            }
        if let rest { changes.append(.keyRests(key: ticket.key, model: model, for: rest)) }
    }
}

extension AttemptEnding {
    /// When what the provider says is used up will be there again.
    fileprivate var resetOfExhausted: Duration? {
        let notices = [requestLimit, tokenLimit].compactMap(\.self)
        return notices.compactMap { $0.remaining == 0 ? $0.resetsIn : nil }.max()
    }

    /// A reset says when all of a limit is there again, a Retry-After when the next request may come: of a
    /// limit that is used up the latter is believed.
    fileprivate func believed(_ notice: LimitNotice) -> LimitNotice {
        guard failure == .rateLimited, let retryAfter, retryAfter > .zero, notice.remaining == 0 else {
            return notice
        }
        var told = notice
        told.resetsIn = min(notice.resetsIn ?? retryAfter, retryAfter)
        return told
    }
}
