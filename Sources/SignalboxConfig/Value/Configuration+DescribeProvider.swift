import SignalboxCore
import SignalboxProviders

extension Configuration.Provider {
    func describe(in yaml: inout YAMLText) {
        yaml.value("name", name, depth: 2, isFirstOfEntry: true)
        yaml.value("kind", kind.rawValue, depth: 2)
        if let baseURL { yaml.value("base_url", baseURL.text, depth: 2) }
        if !keys.isEmpty { yaml.list("keys", keys.map(\.secret.description), depth: 2) }
        describeModels(in: &yaml)
        limits.describe("limits", in: &yaml)
        keyLimits.describe("key_limits", tokensFloor: keyTokensFloor, in: &yaml)
        breaker.describe(in: &yaml)
        yaml.value("key_recheck", DurationText.print(keyRecheck), depth: 2)
        describeKeyChecks(in: &yaml)
        yaml.key("timeouts", depth: 2)
        yaml.value("connect", DurationText.print(timeouts.connect), depth: 3)
        yaml.value("first_token", DurationText.print(timeouts.firstToken), depth: 3)
        yaml.value("idle", DurationText.print(timeouts.idle), depth: 3)
        yaml.value("total", DurationText.print(timeouts.total), depth: 3)
        if let file = certificateAuthorityFile { yaml.value("ca_file", file, depth: 2) }
        describeVendor(in: &yaml)
        yaml.value("reply_max", ByteCountText.print(replyBytesMax), depth: 2)
        if !headers.isEmpty { yaml.key("headers", depth: 2) }
        for header in headers { yaml.value(header.name, header.value.description, depth: 3) }
        if dropsUnsupported { yaml.value("drop_unsupported", "true", depth: 2) }
        guard let mock else { return }
        yaml.key("mock", depth: 2)
        yaml.value("latency", DurationText.print(mock.latency), depth: 3)
        yaml.value("chunks", "\(mock.chunks)", depth: 3)
        yaml.value("chunk_interval", DurationText.print(mock.chunkInterval), depth: 3)
        if let text = mock.text { yaml.value("text", text, depth: 3) }
        if let pieces = mock.cutAfter { yaml.value("cut_after", "\(pieces)", depth: 3) }
    }
}

extension Configuration.Provider {
    /// As a list of names where nothing else is known of any.
    private func describeModels(in yaml: inout YAMLText) {
        guard models.contains(where: { $0 != Configuration.Model(name: $0.name) }) else {
            yaml.list("models", modelNames, depth: 2)
            return
        }
        yaml.key("models", depth: 2)
        for model in models {
            yaml.value("name", model.name, depth: 4, isFirstOfEntry: true)
            if let window = model.contextWindow { yaml.value("context_window", "\(window)", depth: 4) }
            guard let price = model.price else { continue }
            yaml.key("price", depth: 4)
            yaml.value("input", DecimalText.print(price.inputNanoPerMillion), depth: 5)
            yaml.value("output", DecimalText.print(price.outputNanoPerMillion), depth: 5)
            yaml.value("currency", price.currency, depth: 5)
        }
    }

    private func describeKeyChecks(in yaml: inout YAMLText) {
        switch keyChecks {
        case .inherited: break
        case .off: Configuration.KeyChecks.describeOff(depth: 2, in: &yaml)
        case .own(let checks): checks.describe(depth: 2, in: &yaml)
        }
    }

    private func describeVendor(in yaml: inout YAMLText) {
        if kind == .gigachat { yaml.value("scope", scope.rawValue, depth: 2) }
        if let tokenURL { yaml.value("auth_url", tokenURL.text, depth: 2) }
        if let folder { yaml.value("folder", folder, depth: 2) }
        if let authentication { yaml.value("auth", authentication.rawValue, depth: 2) }
    }
}

extension Configuration.Limits {
    /// Nothing at all where there are none.
    func describe(_ key: String, tokensFloor: Int = 0, in yaml: inout YAMLText) {
        if self == Self(), tokensFloor == 0 { return }
        yaml.key(key, depth: 2)
        if let requestsPerMinute { yaml.value("rpm", "\(requestsPerMinute)", depth: 3) }
        if let tokensPerMinute { yaml.value("tpm", "\(tokensPerMinute)", depth: 3) }
        if let concurrency { yaml.value("concurrency", "\(concurrency)", depth: 3) }
        if tokensFloor > 0 { yaml.value("tokens_floor", "\(tokensFloor)", depth: 3) }
    }
}

extension Configuration.Breaker {
    fileprivate func describe(in yaml: inout YAMLText) {
        yaml.key("breaker", depth: 2)
        yaml.value("failures", "\(failures)", depth: 3)
        yaml.number("error_rate", errorRate, depth: 3)
        yaml.value("window", DurationText.print(window), depth: 3)
        yaml.value("requests_min", "\(requestsMin)", depth: 3)
        yaml.value("cooldown", DurationText.print(cooldown), depth: 3)
        yaml.value("cooldown_max", DurationText.print(cooldownMax), depth: 3)
        yaml.value("successes", "\(successes)", depth: 3)
    }
}
