import SignalboxCore
import SignalboxProviders

/// A provider that needs no file: its key variables say that it is wanted.
struct EnvironmentProvider {
    var name: String
    var kind: ProviderKind
    /// `PREFIX`, `PREFIX0`, `PREFIX1`, …
    var keyPrefix: String
    var baseURL: String
    /// The variable that replaces `baseURL`.
    var baseURLVariable: String
    var models: [String]

    /// In the order in which they are tried. A kind that gets built adds its row.
    static let all = [
        EnvironmentProvider(
            name: "openai", kind: .openAICompatible, keyPrefix: "OPENAI_API_KEY",
            baseURL: "https://api.openai.com/v1", baseURLVariable: "OPENAI_BASE_URL",
            models: ["gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1"])
    ]

    static let file = "environment"

    /// Nil where the environment holds no key for it, or a mistake.
    func provider(from environment: [String: String], into ledger: MistakeLedger) -> Configuration.Provider? {
        let names = NumberedVariables.names(startingWith: keyPrefix, in: environment)
        if names.isEmpty { return nil }
        var provider = Configuration.Provider(name: name, kind: kind, models: models)
        for (number, name) in names.prefix(SecretSource.keysMax).enumerated() {
            let value = environment[name] ?? ""
            if let flaw = SecretSource.flaw(in: value) {
                ledger.record(ConfigurationMistake(file: Self.file, path: name, problem: flaw))
            }
            provider.keys.append(Configuration.Key(alias: "\(self.name)-\(number)", secret: Secret(value)))
        }
        let address = environment[baseURLVariable].flatMap { $0.isEmpty ? nil : $0 } ?? baseURL
        provider.baseURL = BaseURL(address)
        if provider.baseURL == nil {
            ledger.record(
                ConfigurationMistake(
                    file: Self.file, path: baseURLVariable,
                    problem: "is no http or https URL of host, port and path",
                    remedy: "write it like https://api.example.com/v1"))
        }
        return provider
    }

    /// What the key variables make; a mistake where there are none.
    static func configuration(
        from environment: [String: String], into ledger: MistakeLedger
    ) throws(ConfigurationMistakes) -> Configuration {
        var configuration = Configuration()
        configuration.logging = Configuration.Logging(verbosityIn: environment)
        configuration.otlp = OTLPReading(variables: OTLPVariables(environment, ledger: ledger))
            .configuration()
        configuration.providers = all.compactMap { $0.provider(from: environment, into: ledger) }
        if configuration.providers.isEmpty, ledger.isEmpty {
            let prefixes = all.map(\.keyPrefix).joined(separator: " or ")
            ledger.record(
                ConfigurationMistake(
                    file: Self.file, problem: "no provider is configured",
                    remedy: "write signalbox.yaml, set \(prefixes), or try signalbox serve --demo"))
        }
        try ledger.throwIfAny()
        configuration.makeImplicitRoutes()
        return configuration
    }
}
