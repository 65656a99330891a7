import SignalboxProviders

// What may be asked of a provider, a key or for a tenant, and when one is left alone.
extension ConfigurationReading {
    func readLimits(_ section: Section, into provider: inout Configuration.Provider) {
        section.set(&provider.limits, "limits") { limits($0, .limits) }
        readKeyLimits(section["key_limits"], into: &provider)
        section.set(&provider.breaker, "breaker", breaker)
        section.set(&provider.keyRecheck, "key_recheck") { $0.duration(in: .seconds(1) ... .seconds(86_400)) }
    }

    /// Leaves what the kind itself allows where the file does not say more.
    private func readKeyLimits(_ field: Field?, into provider: inout Configuration.Provider) {
        if provider.kind == .gigachat { provider.keyLimits.concurrency = provider.scope.streamsMax }
        guard let field, let section = Section(field, .keyLimits) else { return }
        readLimits(section, into: &provider.keyLimits)
        section.set(&provider.keyTokensFloor, "tokens_floor") { $0.integer(in: 0...1_000_000_000) }
    }

    func limits(_ field: Field, _ schema: Schema) -> Configuration.Limits? {
        guard let section = Section(field, schema) else { return nil }
        var limits = Configuration.Limits()
        readLimits(section, into: &limits)
        return limits
    }

    private func readLimits(_ section: Section, into limits: inout Configuration.Limits) {
        section.set(&limits.requestsPerMinute, "rpm") { $0.integer(in: 1...1_000_000) }
        section.set(&limits.tokensPerMinute, "tpm") { $0.integer(in: 1...1_000_000_000) }
        section.set(&limits.concurrency, "concurrency") { $0.integer(in: 1...100_000) }
    }

    private func breaker(_ field: Field) -> Configuration.Breaker? {
        guard let section = Section(field, .breaker) else { return nil }
        var breaker = Configuration.Breaker()
        section.set(&breaker.failures, "failures") { $0.integer(in: 1...1_000_000) }
        section.set(&breaker.errorRate, "error_rate", errorRate)
        section.set(&breaker.window, "window") { $0.duration(in: .seconds(1) ... .seconds(3_600)) }
        section.set(&breaker.requestsMin, "requests_min") { $0.integer(in: 1...1_000_000) }
        section.set(&breaker.successes, "successes") { $0.integer(in: 1...1_000) }
        readCooldown(section, into: &breaker)
        return breaker
    }

    private func readCooldown(_ section: Section, into breaker: inout Configuration.Breaker) {
        let first = section.value("cooldown", default: breaker.cooldown) { $0.duration(in: .upToAnHour) }
        let longest = section.value("cooldown_max", default: breaker.cooldownMax) {
            $0.duration(in: .milliseconds(1) ... .seconds(86_400))
        }
        guard let first, let longest else { return }
        (breaker.cooldown, breaker.cooldownMax) = (first, longest)
        if longest >= first { return }
        let (low, high) = (DurationText.print(first), DurationText.print(longest))
        (section["cooldown_max"] ?? section["cooldown"])?.refuse(
            "cooldown, which is \(low), would begin above cooldown_max, which is \(high)",
            "write cooldown_max: \(low) or more, or a shorter cooldown")
    }

    private func errorRate(_ field: Field) -> Double? {
        guard let rate = field.ratio() else { return nil }
        if rate == 0 { field.refuse("0 would open it without any failure", "write a number above 0") }
        return rate
    }
}
