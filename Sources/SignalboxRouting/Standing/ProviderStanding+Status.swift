public import SignalboxCore

extension ProviderStanding {
    /// Everything, for people: not for the hot path.
    public mutating func status(at now: Instant) -> ProviderStatus {
        let now = advance(to: now)
        return ProviderStatus(
            health: health.health(at: now), breaker: breaker.status(at: now),
            requests: requests.usage(at: now),
            tokens: tokens.usage(at: now), headroom: view(tokens: 0, at: now).headroom,
            latencyMean: health.latencyMean, inFlight: inFlight,
            keys: keys.indices.filter { keys[$0].retiredAt == nil }.map { status(ofKey: $0, at: now) },
            modelsOut: models.filter { $0.retiredAt == nil }.compactMap { model in
                model.out.reason.map { reason in
                    .init(model: model.name, reason: reason, remaining: model.out.until.remaining(at: now))
                }
            })
    }

    private mutating func status(ofKey key: Int, at now: Instant) -> ProviderStatus.Key {
        var state = ProviderStatus.Key.State.good
        if let reason = keys[key].out.reason {
            state = .out(reason, recheckIn: keys[key].out.until.remaining(at: now))
        } else if let rest = keys[key].rest.remaining(at: now) {
            state = .resting(for: rest)
        }
        return ProviderStatus.Key(
            key: key, alias: keys[key].identity.alias, state: state,
            breaker: keys[key].breaker.status(at: now),
            inFlight: keys[key].inFlight, requests: keys[key].requests.usage(at: now),
            tokens: keys[key].tokens.usage(at: now), headroom: keys[key].limitsHeadroom(cap: keyCap, at: now),
            models: keys[key].models.entries.flatMap { exceptions($0, at: now) })
    }

    private func exceptions(
        _ entry: ModelExceptions.Entry, at now: Instant
    ) -> [ProviderStatus.ModelException] {
        let name = models[entry.model].name
        var exceptions: [ProviderStatus.ModelException] = []
        if let reason = entry.access.reason {
            let remaining = entry.access.until.remaining(at: now)
            exceptions.append(.init(model: name, reason: reason, remaining: remaining))
        }
        if let rest = entry.rest.remaining(at: now) {
            exceptions.append(.init(model: name, reason: nil, remaining: rest))
        }
        return exceptions
    }
}

extension Breaker {
    fileprivate func status(at now: Instant) -> ProviderStatus.BreakerStatus {
        .init(state: state, triedIn: state == .closed ? nil : (refuses(at: now) ?? now).remaining(at: now))
    }
}

extension RateWindow {
    fileprivate mutating func usage(at now: Instant) -> ProviderStatus.Usage {
        .init(used: used(at: now), limit: limitKnown)
    }
}

extension Instant {
    fileprivate func remaining(at now: Instant) -> Duration {
        max(.zero, now.duration(to: self))
    }
}
