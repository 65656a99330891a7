import SignalboxCore
import SignalboxProviders

/// A provider that needs no file: its key variables say that it is wanted.
struct EnvironmentProvider {
    /// Its name and its defaults are its kind's.
    var kind: ProviderKind
    /// `PREFIX`, `PREFIX0`, `PREFIX1`, …
    var keyPrefix: String
    var models: [String]

    var name: String { kind.rawValue }

    /// The variable that replaces the kind's own address: `OPENAI_BASE_URL` beside `OPENAI_API_KEY`.
    var baseURLVariable: String { keyPrefix.replacing("_API_KEY", with: "_BASE_URL") }

    /// In the order in which they are tried. A kind that gets built adds its row.
    static let all = [
        EnvironmentProvider(
            kind: .openai, keyPrefix: "OPENAI_API_KEY",
            models: ["gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1"]),
        EnvironmentProvider(
            kind: .anthropic, keyPrefix: "ANTHROPIC_API_KEY",
            models: ["claude-haiku-4-5", "claude-sonnet-4-5"]),
        EnvironmentProvider(
            kind: .gemini, keyPrefix: "GEMINI_API_KEY", models: ["gemini-2.5-flash", "gemini-2.5-pro"]),
        EnvironmentProvider(
            kind: .groq, keyPrefix: "GROQ_API_KEY",
            models: ["openai/gpt-oss-120b", "llama-3.3-70b-versatile"]),
        EnvironmentProvider(
            kind: .cerebras, keyPrefix: "CEREBRAS_API_KEY", models: ["gpt-oss-120b", "llama3.1-8b"]),
        EnvironmentProvider(
            kind: .mistral, keyPrefix: "MISTRAL_API_KEY",
            models: ["mistral-small-latest", "mistral-large-latest"]),
        EnvironmentProvider(
            kind: .deepseek, keyPrefix: "DEEPSEEK_API_KEY", models: ["deepseek-chat", "deepseek-reasoner"]),
        EnvironmentProvider(kind: .xai, keyPrefix: "XAI_API_KEY", models: ["grok-3-mini", "grok-4"]),
        EnvironmentProvider(
            kind: .openrouter, keyPrefix: "OPENROUTER_API_KEY", models: ["openrouter/auto"]),
        EnvironmentProvider(
            kind: .together, keyPrefix: "TOGETHER_API_KEY",
            models: ["openai/gpt-oss-120b", "meta-llama/Llama-3.3-70B-Instruct-Turbo"]),
    ]

    static let file = "environment"

    /// Nil where the environment holds no key for it, or a mistake.
    func provider(from environment: [String: String], into ledger: MistakeLedger) -> Configuration.Provider? {
        let names = NumberedVariables.names(startingWith: keyPrefix, in: environment)
        if names.isEmpty { return nil }
        var provider = Configuration.Provider(
            name: name, kind: kind, models: models.map { Configuration.Model(name: $0) })
        for (number, name) in names.prefix(SecretSource.keysMax).enumerated() {
            let value = environment[name] ?? ""
            if let flaw = SecretSource.flaw(in: value) {
                ledger.record(ConfigurationMistake(file: Self.file, path: name, problem: flaw))
            }
            provider.keys.append(Configuration.Key(alias: "\(self.name)-\(number)", secret: Secret(value)))
        }
        let address = environment[baseURLVariable].flatMap { $0.isEmpty ? nil : $0 }
        provider.baseURL = (address ?? kind.defaultBaseURL).flatMap(BaseURL.init)
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
            ledger.record(
                ConfigurationMistake(
                    file: Self.file, problem: "no provider is configured",
                    remedy: "write signalbox.yaml, set \(all[0].keyPrefix) or another vendor's, or try"
                        + " signalbox serve --demo"))
        }
        try ledger.throwIfAny()
        configuration.makeImplicitRoutes()
        return configuration
    }
}
