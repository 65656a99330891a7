import SignalboxConfig
import SignalboxCore
import SignalboxRouting
import SignalboxUsage

extension StandingSettings {
    init(_ provider: Configuration.Provider) {
        self.init(
            limits: Limits(provider.limits), keyLimits: Limits(provider.keyLimits),
            tokensFloor: provider.keyTokensFloor, breaker: BreakerSettings(provider.breaker),
            keyRecheck: provider.keyRecheck)
    }

    /// Whether an attempt's tokens are reserved before it is made.
    var countsTokens: Bool {
        limits.tokensPerMinute != nil || keyLimits.tokensPerMinute != nil || tokensFloor > 0
    }
}

extension StandingSettings.Limits {
    init(_ limits: Configuration.Limits) {
        self.init(
            requestsPerMinute: limits.requestsPerMinute, tokensPerMinute: limits.tokensPerMinute,
            concurrency: limits.concurrency)
    }
}

extension BreakerSettings {
    init(_ breaker: Configuration.Breaker) {
        self.init(
            failures: breaker.failures, errorRate: breaker.errorRate, window: breaker.window,
            requestsMin: breaker.requestsMin, cooldown: breaker.cooldown, cooldownMax: breaker.cooldownMax,
            successes: breaker.successes)
    }
}

extension TokenPrice {
    init(_ price: Price) {
        self.init(
            input: Double(price.rates.input) / 1e6, output: Double(price.rates.output) / 1e6,
            currency: price.currency)
    }

    init(_ price: Configuration.Price) {
        self.init(
            input: Double(price.inputNanoPerMillion) / 1e6, output: Double(price.outputNanoPerMillion) / 1e6,
            currency: price.currency)
    }
}

extension Configuration.Provider {
    /// Of its keys, in their order; a provider that needs none has one anyway.
    var keyIdentities: [KeyIdentity] {
        if keys.isEmpty { return [KeyIdentity(alias: ResolvedProvider.noKey, fingerprint: 0)] }
        return keys.map { key in
            var hasher = Hasher()
            hasher.combine(key.secret)
            return KeyIdentity(
                alias: key.alias, fingerprint: UInt64(truncatingIfNeeded: hasher.finalize()))
        }
    }
}
