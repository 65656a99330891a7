public import SignalboxCore

/// What is remembered of one provider between requests.
///
/// A value: whoever shares it guards it. Every attempt is admitted first, and its ticket settled or released
/// exactly once.
public struct ProviderStanding: Sendable {
    struct Key: Sendable {
        var identity: KeyIdentity
        var breaker: Breaker
        var inFlight = 0
        var restsUntil = Instant.past
        var out: OutReason?
        var recheckAt = Instant.past
    }

    struct Model: Sendable {
        var name: String
        var outUntil = Instant.past
    }

    private(set) var settings: StandingSettings
    private var breaker: Breaker
    private var inFlight = 0
    private var latencyMean: Duration?
    private var keys: [Key] = []
    private var models: [Model] = []

    public init(_ settings: StandingSettings) {
        self.settings = settings
        breaker = Breaker(settings.breaker)
    }

    /// Takes over a configuration: keeps what it knows of keys and models that stay, and gives the others
    /// fresh places. Places of removed ones stay valid until their tickets are settled.
    public mutating func adopt(
        _ settings: StandingSettings, keys identities: [KeyIdentity], models names: [String], at now: Instant
    ) -> Places {
        self.settings = settings
        let keyPlaces = identities.map { identity in
            if let place = keys.firstIndex(where: { $0.identity == identity }) { return place }
            keys.append(Key(identity: identity, breaker: Breaker(settings.breaker)))
            return keys.count - 1
        }
        let modelPlaces = names.map { name in
            if let place = models.firstIndex(where: { $0.name == name }) { return place }
            models.append(Model(name: name))
            return models.count - 1
        }
        return Places(keys: keyPlaces, models: modelPlaces)
    }

    /// What ``admit(key:model:tokens:at:)`` would say, without the reservation.
    public mutating func peek(key: Int, model: Int, tokens: Int, at now: Instant) -> Outlook {
        if now < models[model].outUntil { return .out(.modelNotFound) }
        if let reason = keys[key].out, now < keys[key].recheckAt { return .out(reason) }
        if breaker.closedUntil(at: now) != nil || keys[key].breaker.closedUntil(at: now) != nil {
            return .out(.breaker)
        }
        if now < keys[key].restsUntil { return .resting(for: now.duration(to: keys[key].restsUntil)) }
        if inFlight >= settings.limits.concurrency ?? .max { return .busy }
        return keys[key].inFlight >= settings.keyLimits.concurrency ?? .max ? .busy : .open
    }

    /// Reserves room for an attempt that needs about so many `tokens`, both sides together.
    public mutating func admit(key: Int, model: Int, tokens: Int, at now: Instant) -> Admission {
        switch peek(key: key, model: model, tokens: tokens, at: now) {
        case .busy: return .busy
        case .limited(let wait): return .limited(for: wait)
        case .resting(let wait): return .resting(for: wait)
        case .out(let reason): return .out(reason)
        case .open: break
        }
        inFlight += 1
        keys[key].inFlight += 1
        return .open(
            Ticket(
                key: key, model: model, tokens: tokens, admittedAt: now, providerPass: breaker.admit(at: now),
                keyPass: keys[key].breaker.admit(at: now), isTrial: keys[key].out != nil))
    }

    /// Remembers how an attempt ended.
    public mutating func settle(
        _ ticket: Ticket, _ ending: AttemptEnding, at now: Instant
    ) -> [StandingChange] {
        var changes: [StandingChange] = []
        leave(ticket)
        switch ending.failure {
        case nil:
            latencyMean = latencyMean.map { ($0 * 7 + ending.latency) / 8 } ?? ending.latency
            record(success: true, of: ticket, at: now, &changes)
            if ticket.isTrial { changes += keyChecked(ticket.key, isGood: true, at: now) }
        case .unreachable, .timeout, .overloaded, .malformedReply, .interrupted:
            record(success: false, of: ticket, at: now, &changes)
        case .rateLimited:
            giveBack(ticket)
            let rest = max(ending.retryAfter ?? .zero, .seconds(1))
            keys[ticket.key].restsUntil = now.advanced(by: rest)
            changes.append(.keyRests(key: ticket.key, model: nil, for: rest))
        case .keyRejected:
            giveBack(ticket)
            changes += putOut(ticket.key, .keyRejected, at: now)
        case .noCredit:
            giveBack(ticket)
            changes += putOut(ticket.key, .noCredit, at: now)
        case .modelNotFound:
            giveBack(ticket)
            models[ticket.model].outUntil = now.advanced(by: settings.keyRecheck)
            changes.append(.modelOut(model: ticket.model))
        case .accessMissing, .contextTooLong, .contentFiltered, .invalidRequest, .cancelled:
            giveBack(ticket)
        }
        return changes
    }

    /// Takes an attempt back that was never sent: as if it had not been admitted.
    public mutating func release(_ ticket: Ticket, at now: Instant) {
        leave(ticket)
        giveBack(ticket)
    }

    /// A provider as strategies see it, for a request of about so many `tokens`.
    public mutating func view(tokens: Int, at now: Instant) -> ProviderView {
        let isOpen = breaker.closedUntil(at: now) == nil && inFlight < settings.limits.concurrency ?? .max
        return ProviderView(
            latencyMean: latencyMean, inFlight: inFlight, isOpen: isOpen,
            isProbing: breaker.state == .halfOpen)
    }

    /// A key check's word: out is what it says is bad, and back is what it says is good.
    public mutating func keyChecked(_ key: Int, isGood: Bool, at now: Instant) -> [StandingChange] {
        guard isGood else { return putOut(key, keys[key].out ?? .keyRejected, at: now) }
        guard keys[key].out != nil else { return [] }
        keys[key].out = nil
        return [.keyBack(key: key)]
    }

    public mutating func status(at now: Instant) -> ProviderStatus {
        ProviderStatus(
            health: .healthy, breaker: .init(state: breaker.state), requests: .init(used: 0, limit: nil),
            tokens: .init(used: 0, limit: nil), headroom: 1, latencyMean: latencyMean, inFlight: inFlight,
            keys: [], modelsOut: [])
    }

    private mutating func leave(_ ticket: Ticket) {
        inFlight -= 1
        keys[ticket.key].inFlight -= 1
        precondition(inFlight >= 0 && keys[ticket.key].inFlight >= 0, "a ticket is settled once")
    }

    private mutating func record(
        success: Bool, of ticket: Ticket, at now: Instant, _ changes: inout [StandingChange]
    ) {
        if let state = breaker.record(success: success, of: ticket.providerPass, at: now) {
            changes.append(.providerBreaker(to: state))
        }
        if let state = keys[ticket.key].breaker.record(success: success, of: ticket.keyPass, at: now) {
            changes.append(.keyBreaker(key: ticket.key, to: state))
        }
    }

    private mutating func giveBack(_ ticket: Ticket) {
        breaker.giveBack(ticket.providerPass)
        keys[ticket.key].breaker.giveBack(ticket.keyPass)
    }

    private mutating func putOut(_ key: Int, _ reason: OutReason, at now: Instant) -> [StandingChange] {
        keys[key].recheckAt = now.advanced(by: settings.keyRecheck)
        guard keys[key].out != reason else { return [] }
        keys[key].out = reason
        return [.keyOut(key: key, reason: reason)]
    }
}
