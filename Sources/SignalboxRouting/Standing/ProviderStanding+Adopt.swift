public import SignalboxCore

extension ProviderStanding {
    /// A place whose key or model is gone is not given to another before so long: requests that began under
    /// the old configuration may still come to it.
    static let quarantine = Duration.seconds(3_600)

    /// Takes over a configuration: keeps what it knows of keys and models that stay, and gives the others
    /// fresh places. Places of removed ones stay valid until their tickets are settled, and an hour at least.
    public mutating func adopt(
        _ settings: StandingSettings, keys identities: [KeyIdentity], models names: [String], at now: Instant
    ) -> Places {
        let now = advance(to: now)
        self.settings = settings
        breaker.adopt(settings.breaker)
        requests.limit = settings.limits.requestsPerMinute
        tokens.limit = settings.limits.tokensPerMinute
        for key in keys.indices {
            let retiredAt = keys[key].retiredAt ?? now
            keys[key].adopt(settings)
            keys[key].retiredAt = retiredAt
        }
        for model in models.indices { models[model].retiredAt = models[model].retiredAt ?? now }
        return Places(
            keys: identities.map { place(of: $0, at: now) }, models: names.map { place(ofModel: $0, at: now) }
        )
    }

    private mutating func place(of identity: KeyIdentity, at now: Instant) -> Int {
        if let known = keys.firstIndex(where: { $0.identity == identity }) {
            keys[known].retiredAt = nil
            return known
        }
        let fresh = KeyStanding(identity, settings)
        if let free = keys.firstIndex(where: { isFree($0.retiredAt, $0.inFlight, at: now) }) {
            keys[free] = fresh
            return free
        }
        keys.append(fresh)
        return keys.count - 1
    }

    private mutating func place(ofModel name: String, at now: Instant) -> Int {
        if let known = models.firstIndex(where: { $0.name == name }) {
            models[known].retiredAt = nil
            return known
        }
        if let free = models.firstIndex(where: { isFree($0.retiredAt, $0.inFlight, at: now) }) {
            for key in keys.indices { keys[key].models.forget(free) }
            models[free] = ModelStanding(name: name)
            return free
        }
        models.append(ModelStanding(name: name))
        return models.count - 1
    }

    private func isFree(_ retiredAt: Instant?, _ inFlight: Int, at now: Instant) -> Bool {
        guard let retiredAt, inFlight == 0 else { return false }
        return retiredAt.duration(to: now) >= Self.quarantine
    }
}
