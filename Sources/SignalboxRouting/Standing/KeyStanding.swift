import SignalboxCore

/// What is remembered of one key of a provider.
///
/// About 2 KB, and 2 KB more with as many exceptions for models as are kept.
struct KeyStanding: Sendable {
    let identity: KeyIdentity
    var breaker: Breaker
    var requests: RateWindow
    var tokens: RateWindow
    var inFlight = 0
    var rest = Rest()
    var out = Exclusion()
    /// Requests were told so, and nothing has shown credit since.
    var isWithoutCredit = false
    var models = ModelExceptions()
    /// Since when no configuration names it.
    var retiredAt: Instant?

    init(_ identity: KeyIdentity, _ settings: StandingSettings) {
        self.identity = identity
        breaker = Breaker(settings.breaker)
        requests = RateWindow(limit: settings.keyLimits.requestsPerMinute)
        tokens = RateWindow(limit: settings.keyLimits.tokensPerMinute)
    }

    mutating func adopt(_ settings: StandingSettings) {
        breaker.adopt(settings.breaker)
        requests.limit = settings.keyLimits.requestsPerMinute
        tokens.limit = settings.keyLimits.tokensPerMinute
    }

    /// What waits and what forbids, for an attempt of `amount` tokens.
    struct Obstacles {
        /// Forbidden, limits aside.
        var reason: OutReason?
        /// When the windows let it through: ``Instant/past`` for now.
        var opening: Instant
        var restsUntil: Instant
        var isFull: Bool
    }

    /// What stands in the way of an attempt with `model`, under a `cap` on attempts in flight; nil: with a
    /// model for which it has no exception.
    mutating func obstacles(
        model: Int?, tokens amount: Int, cap: Int?, at now: Instant
    ) -> Obstacles {
        var reason = out.refuses(at: now)
        var restsUntil = rest.until
        if let model, let exception = models[model] {
            reason = reason ?? exception.access.refuses(at: now)
            restsUntil = max(restsUntil, exception.rest.until)
        }
        if reason == nil, breaker.refuses(at: now) != nil { reason = .breaker }
        return Obstacles(
            reason: reason,
            opening: max(requests.opening(for: 1, at: now), tokens.opening(for: amount, at: now)),
            restsUntil: restsUntil, isFull: inFlight >= cap ?? .max)
    }

    /// Takes an attempt in.
    mutating func admit(
        model: Int, tokens amount: Int, at now: Instant, lease: Duration, _ trials: inout Ticket.Trials
    ) -> Breaker.Pass {
        inFlight += 1
        requests.reserve(1, at: now)
        tokens.reserve(amount, at: now)
        trials.key = out.admit(at: now, lease: lease)
        models.changeIfAny(model, at: now) { trials.access = $0.access.admit(at: now, lease: lease) }
        return breaker.admit(at: now)
    }

    mutating func leave(_ ticket: Ticket, tokensUsed: Int, at now: Instant) {
        precondition(inFlight > 0, "a ticket is settled once")
        inFlight -= 1
        tokens.settle(reserved: ticket.tokens, used: tokensUsed, reservedAt: ticket.admittedAt, at: now)
    }

    /// The breaker's new state if that changed it, and whether the key had been out.
    mutating func answered(_ ticket: Ticket, at now: Instant) -> (BreakerState?, isBack: Bool) {
        rest.answered(begunAt: ticket.admittedAt)
        models.changeIfAny(ticket.model, at: now) {
            $0.rest.answered(begunAt: ticket.admittedAt)
            _ = $0.access.readmit(ticket.trials.access)
        }
        let isBack = out.readmit(ticket.trials.key)
        if isBack { isWithoutCredit = false }
        return (breaker.record(failed: false, of: ticket.keyPass, at: now), isBack)
    }

    /// The share of its tightest limit that is free, as far as that is known or guessed; nil if an attempt of
    /// `amount` tokens could not be admitted, whatever the model.
    mutating func room(tokens amount: Int, cap: Int?, at now: Instant) -> Double? {
        let obstacles = obstacles(model: nil, tokens: amount, cap: cap, at: now)
        guard obstacles.reason == nil, obstacles.restsUntil <= now, obstacles.opening <= now,
            !obstacles.isFull
        else { return nil }
        return min(
            requests.room(at: now), tokens.room(at: now), Self.headroom(inFlight, of: cap))
    }

    mutating func fullIn(at now: Instant) -> Duration? {
        RateWindow.sooner(requests.fullIn(at: now), tokens.fullIn(at: now))
    }

    /// A limit was met: one of these, if nobody tells of others. An attempt from before the last rest says no
    /// more than the one that brought it.
    mutating func meetLimit(begunAt attempt: Instant, at now: Instant) {
        guard rest.until <= attempt else { return }
        requests.meetLimit(at: now)
        tokens.meetLimit(at: now)
    }

    mutating func limitsHeadroom(cap: Int?, at now: Instant) -> Double {
        min(
            requests.headroom(at: now), tokens.headroom(at: now),
            Self.headroom(inFlight, of: cap))
    }

    /// The free share of a concurrency cap.
    static func headroom(_ inFlight: Int, of cap: Int?) -> Double {
        cap.map { Double(max(0, $0 - inFlight)) / Double($0) } ?? 1
    }
}

/// What is remembered of one model of a provider.
struct ModelStanding: Sendable {
    let name: String
    /// The provider does not have it.
    var out = Exclusion()
    var inFlight = 0
    var retiredAt: Instant?

    mutating func admit(at now: Instant, lease: Duration) -> Exclusion.Trial {
        inFlight += 1
        return out.admit(at: now, lease: lease)
    }
}
