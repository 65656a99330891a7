import SignalboxCore
import SignalboxProviders

extension ConfigurationReading {
    mutating func readProviders() {
        let remedy = "list at least one provider with its name, kind and models"
        guard let field = root.required("providers", remedy: remedy) else { return }
        guard let entries = field.list(max: 256, expected: "a list of providers") else { return }
        if entries.isEmpty { field.refuse("has no provider", remedy) }
        var places: [String: String] = [:]
        for entry in entries {
            guard let section = Section(entry, .provider) else { continue }
            let name = providerName(section, places: &places)
            let models = models(of: section)
            if let name { knownModels[name] = models?.map(\.name) }
            // A nameless provider is read to its end all the same, for its other mistakes.
            guard let provider = provider(section, name: name ?? "unnamed", models: models ?? []) else {
                continue
            }
            configuration.providers.append(provider)
        }
    }

    private func provider(
        _ section: Section, name: String, models: [Configuration.Model]
    ) -> Configuration.Provider? {
        let kind = section.required("kind", remedy: "write kind: openai-compatible")?.providerKind()
        var provider = Configuration.Provider(
            name: name, kind: kind ?? .mock, models: models)
        section.set(&provider.timeouts, "timeouts", timeouts)
        section.set(&provider.replyBytesMax, "reply_max") { $0.byteCount(in: .upToAGibibyte) }
        if let keys = section["keys"] { provider.keys = secrets.keys(in: keys, owner: name).map(\.key) }
        provider.baseURL = section["base_url"]?.baseURL()
        section.set(&provider.certificateAuthorityFile, "ca_file", certificateFile)
        section.set(&provider.headers, "headers") { headers($0) }
        section.set(&provider.dropsUnsupported, "drop_unsupported") { $0.flag() }
        section.set(&provider.mock, "mock", mock)
        if let kind { readVendor(kind, section, into: &provider) }
        readLimits(section, into: &provider)
        readKeyChecks(section, into: &provider)
        switch kind {
        case .openAICompatible:
            _ = section.required("base_url", remedy: "write base_url: https://… up to and with /v1")
            section["mock"]?.refuse("belongs to the kind mock", "remove it")
        case .openai, .anthropic, .gemini, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter,
            .together,
            .gigachat, .yandexgpt, .ollama:
            if provider.baseURL == nil { provider.baseURL = kind?.defaultBaseURL.flatMap(BaseURL.init) }
            section["mock"]?.refuse("belongs to the kind mock", "remove it")
        case .mock: refuseConnection(of: section, "mock")
        case .custom:
            refuseConnection(of: section, "custom")
            section["mock"]?.refuse("belongs to the kind mock", "remove it")
        case nil: return nil
        }
        return provider
    }

    private func refuseConnection(of section: Section, _ kind: String) {
        for key in ["base_url", "ca_file", "headers", "key_checks"] {
            section[key]?.refuse("means nothing to the kind \(kind), which makes no connection", "remove it")
        }
    }

    private func providerName(_ section: Section, places: inout [String: String]) -> String? {
        let remedy = "write name: and a word for metrics, logs and bills"
        guard let field = section.required("name", remedy: remedy), let name = field.name(bytesMax: 1_024)
        else {
            return nil
        }
        let isName = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        let isRest = { (byte: UInt8) in isName(byte) || byte == 0x5F || byte == 0x2D }
        guard let first = name.utf8.first, isName(first), name.utf8.allSatisfy(isRest), name.utf8.count <= 64
        else {
            field.refuse(
                "\(Spelling.quoted(name)) is no provider name",
                "use 1 to 64 of a-z, 0-9, - and _, beginning with a letter or digit")
            return nil
        }
        if let place = places[name] {
            field.refuse("\(Spelling.quoted(name)) is the name of \(place) too", "give each provider its own")
            return nil
        }
        places[name] = section.field.path
        return name
    }

    private func timeouts(_ field: Field) -> Configuration.Timeouts? {
        guard let section = Section(field, .timeouts) else { return nil }
        var timeouts = Configuration.Timeouts()
        section.set(&timeouts.connect, "connect") { $0.duration(in: .upToAnHour) }
        section.set(&timeouts.firstToken, "first_token") { $0.duration(in: .upToAnHour) }
        section.set(&timeouts.idle, "idle") { $0.duration(in: .upToAnHour) }
        section.set(&timeouts.total, "total") { $0.duration(in: .upToAnHour) }
        return timeouts
    }

    private func mock(_ field: Field) -> Configuration.Mock? {
        guard let section = Section(field, .mock) else { return nil }
        var mock = Configuration.Mock()
        section.set(&mock.latency, "latency") { $0.duration(in: .upToTenMinutesOrZero) }
        section.set(&mock.chunks, "chunks") { $0.integer(in: 1...10_000) }
        section.set(&mock.chunkInterval, "chunk_interval") { $0.duration(in: .upToTenMinutesOrZero) }
        section.set(&mock.cutAfter, "cut_after") { $0.integer(in: 0...10_000) }
        if let field = section["text"], let text = field.text() {
            if text.utf8.count > 65_536 { field.refuse("is longer than 64KiB") }
            mock.text = text
        }
        return mock
    }

    func certificateFile(_ field: Field) -> String? {
        guard let path = field.name(bytesMax: 4_096) else { return nil }
        do {
            let content = String(decoding: try secrets.read(path, 4 << 20), as: UTF8.self)
            if !content.contains("-----BEGIN CERTIFICATE-----") {
                field.refuse("the file \(Spelling.quoted(path)) holds no certificate", "name a PEM file")
            }
        } catch {
            field.refuse("the file \(Spelling.quoted(path)) \(error.problem)")
        }
        return path
    }
}

extension Field {
    fileprivate func providerKind() -> ProviderKind? {
        choice("provider kind", later: NotBuilt.kinds)
    }

    /// Does not repeat a URL that is wrong: it may carry a password.
    func baseURL() -> BaseURL? {
        guard let text = text(expected: "a URL") else { return nil }
        guard let url = BaseURL(text) else {
            refuse(
                "is no http or https URL of host, port and path", "write it like https://api.example.com/v1")
            return nil
        }
        return url
    }
}
