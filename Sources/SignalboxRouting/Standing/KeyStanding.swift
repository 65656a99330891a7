import SignalboxCore

/// What is remembered of one key of a provider.
///
/// About 2 KB, and 1.5 KB more with as many exceptions for models as are kept.
struct KeyStanding: Sendable {
    let identity: KeyIdentity
    var breaker: Breaker
    var requests: RateWindow
    var tokens: RateWindow
    var inFlight = 0
    var rest = Rest()
    var out = Exclusion()
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

    /// Whether it is good for `model` (nil: for some model), limits aside.
    func refusal(model: Int?, at now: Instant) -> OutReason? {
        if let reason = out.refuses(at: now) { return reason }
        if let model, let reason = models[model]?.access.refuses(at: now) { return reason }
        return breaker.refuses(at: now) == nil ? nil : .breaker
    }

    /// The rest of the key, or its rest for `model` if that is longer.
    func restRemaining(model: Int, at now: Instant) -> Duration? {
        let own = rest.remaining(at: now)
        guard let forModel = models[model]?.rest.remaining(at: now) else { return own }
        return max(own ?? .zero, forModel)
    }

    /// When the windows let an attempt of `amount` tokens through.
    mutating func opening(tokens amount: Int, at now: Instant) -> RateWindow.Opening {
        requests.opening(for: 1, at: now).and(tokens.opening(for: amount, at: now))
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

    /// The share of its tightest limit that is free, as far as that is known or guessed; nil if an attempt of
    /// `amount` tokens could not be admitted, whatever the model.
    mutating func room(tokens amount: Int, _ settings: StandingSettings, at now: Instant) -> Double? {
        guard refusal(model: nil, at: now) == nil, rest.until <= now,
            inFlight < settings.keyLimits.concurrency ?? .max,
            opening(tokens: amount, at: now) == .now
        else { return nil }
        return min(
            requests.room(at: now), tokens.room(at: now),
            Self.headroom(inFlight, of: settings.keyLimits.concurrency))
    }

    /// A limit was met: one of these, if nobody tells of others. One that an earlier rest would have spared
    /// says no more than that did.
    mutating func meetLimit(begunAt attempt: Instant, at now: Instant) {
        guard rest.until <= attempt else { return }
        requests.meetLimit(at: now)
        tokens.meetLimit(at: now)
    }

    mutating func fullIn(at now: Instant) -> Duration? {
        RateWindow.sooner(requests.fullIn(at: now), tokens.fullIn(at: now))
    }

    mutating func limitsHeadroom(_ settings: StandingSettings, at now: Instant) -> Double {
        min(
            requests.headroom(at: now), tokens.headroom(at: now),
            Self.headroom(inFlight, of: settings.keyLimits.concurrency))
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
