public import SignalboxCore

/// What is remembered of one provider between requests: how much it may still be asked, whether it answers,
/// and what its keys and models are good for.
///
/// A value that reads no clock and draws no lots: whoever shares it guards it. Every attempt is admitted
/// first, and its ticket settled or released exactly once. An instant earlier than one already seen, from a
/// thread that was overtaken, counts as that one.
///
/// Its memory depends on how many keys and models there are, never on the traffic: about 3 KB, 4 KB a key
/// and 100 bytes a model at most.
public struct ProviderStanding: Sendable {
    var settings: StandingSettings
    var breaker: Breaker
    var requests: RateWindow
    var tokens: RateWindow
    var health = HealthWindow()
    var inFlight = 0
    var keys: [KeyStanding] = []
    var models: [ModelStanding] = []
    /// As of the last change that was told.
    private var healthTold = Health.healthy
    private var latest = Instant.past

    public init(_ settings: StandingSettings) {
        self.settings = settings
        breaker = Breaker(settings.breaker)
        requests = RateWindow(limit: settings.limits.requestsPerMinute)
        tokens = RateWindow(limit: settings.limits.tokensPerMinute)
    }

    /// Reserves room for an attempt that needs about so many `tokens`, both sides together.
    ///
    /// A wait that it tells is exact: a nanosecond earlier would be too early, and then it is over, if
    /// nothing else has happened in between.
    public mutating func admit(key: Int, model: Int, tokens amount: Int, at now: Instant) -> Admission {
        let now = advance(to: now)
        switch outlook(key, model, tokens: amount, at: now) {
        case .open: break
        case .busy: return .busy
        case .limited(let wait): return .limited(for: wait)
        case .resting(let wait): return .resting(for: wait)
        case .out(let reason): return .out(reason)
        }
        inFlight += 1
        requests.reserve(1, at: now)
        tokens.reserve(amount, at: now)
        let providerPass = breaker.admit(at: now)
        let lease = settings.breaker.probeLease
        var trials = Ticket.Trials()
        trials.model = models[model].admit(at: now, lease: lease)
        let keyPass = keys[key].admit(model: model, tokens: amount, at: now, lease: lease, &trials)
        return .open(
            Ticket(
                key: key, model: model, tokens: amount, admittedAt: now, providerPass: providerPass,
                keyPass: keyPass, trials: trials))
    }

    /// What ``admit(key:model:tokens:at:)`` would say, without the reservation.
    public mutating func peek(key: Int, model: Int, tokens amount: Int, at now: Instant) -> Outlook {
        outlook(key, model, tokens: amount, at: advance(to: now))
    }

    /// Takes an attempt back that was never sent, as if it had not been admitted.
    public mutating func release(_ ticket: Ticket, at now: Instant) {
        let now = advance(to: now)
        leave(ticket, tokensUsed: 0, at: now)
        requests.release(1, reservedAt: ticket.admittedAt, at: now)
        keys[ticket.key].requests.release(1, reservedAt: ticket.admittedAt, at: now)
        giveBack(ticket, at: now)
    }

    /// A provider as strategies see it, for a request of about so many `tokens`.
    public mutating func view(tokens amount: Int, at now: Instant) -> ProviderView {
        let now = advance(to: now)
        var headroom = -1.0
        var fullIn = RateWindow.sooner(requests.fullIn(at: now), tokens.fullIn(at: now))
        var freest: Int?
        let cap = keyCap
        var keys = keys.mutableSpan
        for key in keys.indices where keys[key].retiredAt == nil {
            guard let room = keys[key].room(tokens: amount, cap: cap, at: now), room > headroom else {
                continue
            }
            (headroom, freest) = (room, key)
        }
        if let freest { fullIn = RateWindow.sooner(fullIn, keys[freest].fullIn(at: now)) }
        let isOpen =
            headroom >= 0 && breaker.refuses(at: now) == nil && !isFull
            && opening(tokens: amount, at: now) <= now
        return ProviderView(
            health: health.health(at: now), latencyMean: health.latencyMean,
            headroom: max(0, min(headroom, ownHeadroom(at: now))), fullIn: fullIn, inFlight: inFlight,
            isOpen: isOpen, isProbing: breaker.isProbing(at: now))
    }

    mutating func ownHeadroom(at now: Instant) -> Double {
        min(
            requests.headroom(at: now), tokens.headroom(at: now),
            KeyStanding.headroom(inFlight, of: settings.limits.concurrency))
    }

    private mutating func outlook(_ key: Int, _ model: Int, tokens amount: Int, at now: Instant) -> Outlook {
        precondition(amount >= 0, "tokens are counted")
        if let reason = models[model].out.refuses(at: now) { return .out(reason) }
        let obstacles = keys[key].obstacles(model: model, tokens: amount, cap: keyCap, at: now)
        if let reason = obstacles.reason { return .out(reason) }
        if breaker.refuses(at: now) != nil { return .out(.breaker) }
        let opening = max(opening(tokens: amount, at: now), obstacles.opening)
        if opening == RateWindow.never { return .out(.tooLarge) }
        if now < obstacles.restsUntil {
            return .resting(for: now.duration(to: max(obstacles.restsUntil, opening)))
        }
        if now < opening { return .limited(for: now.duration(to: opening)) }
        return obstacles.isFull || isFull ? .busy : .open
    }

    private mutating func opening(tokens amount: Int, at now: Instant) -> Instant {
        max(requests.opening(for: 1, at: now), tokens.opening(for: amount, at: now))
    }

    var keyCap: Int? { settings.keyLimits.concurrency }
    private var isFull: Bool { inFlight >= settings.limits.concurrency ?? .max }

    /// `now`, or the latest instant that was seen.
    mutating func advance(to now: Instant) -> Instant {
        if now > latest { latest = now }
        return latest
    }

    /// - Parameter tokensUsed: Nil: what was reserved.
    mutating func leave(_ ticket: Ticket, tokensUsed: Int?, at now: Instant) {
        precondition(inFlight > 0, "a ticket is settled once")
        let used = tokensUsed ?? ticket.tokens
        inFlight -= 1
        tokens.settle(reserved: ticket.tokens, used: used, reservedAt: ticket.admittedAt, at: now)
        keys[ticket.key].leave(ticket, tokensUsed: used, at: now)
        models[ticket.model].inFlight -= 1
    }

    /// The attempt told nothing of what it probed.
    mutating func giveBack(_ ticket: Ticket, at now: Instant) {
        breaker.giveBack(ticket.providerPass)
        keys[ticket.key].breaker.giveBack(ticket.keyPass)
        giveBackTrials(ticket, at: now)
    }

    mutating func giveBackTrials(_ ticket: Ticket, at now: Instant) {
        guard ticket.trials != Ticket.Trials() else { return }
        models[ticket.model].out.giveBack(ticket.trials.model, at: now)
        keys[ticket.key].out.giveBack(ticket.trials.key, at: now)
        keys[ticket.key].models.changeIfAny(ticket.model, at: now) {
            $0.access.giveBack(ticket.trials.access, at: now)
        }
    }

    /// The health, if it is another than was last told.
    mutating func healthChange(at now: Instant) -> StandingChange? {
        let health = health.health(at: now)
        guard health != healthTold else { return nil }
        healthTold = health
        return .health(health)
    }
}
