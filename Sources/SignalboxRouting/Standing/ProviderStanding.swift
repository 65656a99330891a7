public import SignalboxCore

/// What is remembered of one provider between requests: how much it may still be asked, whether it answers,
/// and what its keys and models are good for.
///
/// A value that reads no clock and draws no lots: whoever shares it guards it. Every attempt is admitted
/// first, and its ticket settled or released exactly once. An instant earlier than one already seen, from a
/// thread that was overtaken, counts as that one.
///
/// Its memory depends on how many keys and models there are, never on the traffic: about 3 KB, 3.5 KB a key
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
        leave(ticket)
        requests.release(1, reservedAt: ticket.admittedAt, at: now)
        tokens.release(ticket.tokens, reservedAt: ticket.admittedAt, at: now)
        keys[ticket.key].requests.release(1, reservedAt: ticket.admittedAt, at: now)
        keys[ticket.key].tokens.release(ticket.tokens, reservedAt: ticket.admittedAt, at: now)
        giveBack(ticket, at: now)
    }

    /// A provider as strategies see it, for a request of about so many `tokens`.
    public mutating func view(tokens amount: Int, at now: Instant) -> ProviderView {
        let now = advance(to: now)
        var headroom = 0.0
        var freest: Int?
        for key in keys.indices where keys[key].retiredAt == nil {
            guard let free = keys[key].room(tokens: amount, settings, at: now) else { continue }
            if freest == nil || free > headroom { (freest, headroom) = (key, free) }
        }
        let refusedUntil = breaker.refuses(at: now)
        let isOpen =
            freest != nil && refusedUntil == nil && inFlight < settings.limits.concurrency ?? .max
            && requests.opening(for: 1, at: now) == .now && tokens.opening(for: amount, at: now) == .now
        var fullIn = RateWindow.sooner(requests.fullIn(at: now), tokens.fullIn(at: now))
        if let freest { fullIn = RateWindow.sooner(fullIn, keys[freest].fullIn(at: now)) }
        return ProviderView(
            health: health.health(at: now), latencyMean: health.latencyMean,
            headroom: min(headroom, ownHeadroom(at: now)), fullIn: fullIn, inFlight: inFlight,
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
        if let reason = keys[key].refusal(model: model, at: now) { return .out(reason) }
        if breaker.refuses(at: now) != nil { return .out(.breaker) }
        let opening = requests.opening(for: 1, at: now).and(tokens.opening(for: amount, at: now))
            .and(keys[key].opening(tokens: amount, at: now))
        let rest = keys[key].restRemaining(model: model, at: now)
        switch opening {
        case .never:
            return .out(.tooLarge)
        case .at(let opening):
            let wait = now.duration(to: opening)
            return rest.map { .resting(for: max($0, wait)) } ?? .limited(for: wait)
        case .now:
            if let rest { return .resting(for: rest) }
        }
        let isFull =
            inFlight >= settings.limits.concurrency ?? .max
            || keys[key].inFlight >= settings.keyLimits.concurrency ?? .max
        return isFull ? .busy : .open
    }

    /// `now`, or the latest instant that was seen.
    mutating func advance(to now: Instant) -> Instant {
        if now > latest { latest = now }
        return latest
    }

    mutating func leave(_ ticket: Ticket) {
        precondition(inFlight > 0 && keys[ticket.key].inFlight > 0, "a ticket is settled once")
        inFlight -= 1
        keys[ticket.key].inFlight -= 1
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
