import SignalboxProviders

// How it is found out which keys are good.
extension ConfigurationReading {
    /// Before the providers, whose own settings stand on these.
    mutating func readKeyChecks() {
        guard let field = root["key_checks"], let checks = keyChecks(field, .keyChecks) else { return }
        switch checks {
        case .inherited: break
        case .off: configuration.keyChecks = nil
        case .own(let own): configuration.keyChecks = own
        }
    }

    func readKeyChecks(_ section: Section, into provider: inout Configuration.Provider) {
        guard let field = section["key_checks"], let checks = keyChecks(field, .providerKeyChecks) else {
            return
        }
        provider.keyChecks = checks
        if checks != .off, section["keys"] == nil, provider.kind.isNetworked {
            field.refuse("would check nothing, as there are no keys", "add keys, or remove it")
        }
    }

    /// What is not said is as at the top; where that is `off`, as by default.
    private func keyChecks(_ field: Field, _ schema: Schema) -> Configuration.ProviderKeyChecks? {
        if case .scalar(let text) = field.shape {
            if text == "off" { return .off }
            let remedy = "write off, or a mapping such as {interval: 15m}"
            field.refuse("\(Spelling.quoted(text)) is neither off nor a mapping", remedy)
            return nil
        }
        guard let section = Section(field, schema) else { return nil }
        var checks = configuration.keyChecks ?? Configuration.KeyChecks()
        section.set(&checks.interval, "interval") { $0.duration(in: .seconds(1) ... .seconds(7 * 86_400)) }
        section.set(&checks.jitter, "jitter") { $0.decimal(in: 0...0.5) }
        section.set(&checks.timeout, "timeout") { $0.duration(in: .milliseconds(100) ... .seconds(60)) }
        section.set(&checks.retry, "retry") { $0.duration(in: .milliseconds(100) ... .seconds(3_600)) }
        section.set(&checks.requestsPerMinute, "requests_per_minute") { $0.integer(in: 1...6_000) }
        return .own(checks)
    }
}
