import SignalboxCore

/// One reading of a file: walks it section by section and fills in the configuration.
struct ConfigurationReading {
    let root: Section
    let ledger: MistakeLedger
    let secrets: SecretSource
    var configuration = Configuration()
    /// The models of every provider that has a name, even if something else is wrong with it: so that one
    /// mistake there is not reported again by every route. Nil where the models themselves are wrong.
    var knownModels: [String: [String]?] = [:]
    var serverSection: Section?
    var adminSection: Section?
    /// Every secret that a client may send, and where it stands in the file.
    var clientKeys: [PlacedKey] = []
    var usageSection: Section?
    /// Nil where the file's list of them is wrong.
    var allowedRanges: [AddressRange]? = []
    /// Where somebody is delivered to.
    var webhookFields: [Field] = []
    /// All that tenants and their keys have, and where it stands.
    var budgets: [(budget: Configuration.Budget, field: Field)] = []

    init?(root field: Field, environment: [String: String], read: @escaping ConfigurationLoader.FileReading) {
        guard let root = Section(field, .root) else { return nil }
        self.root = root
        ledger = field.ledger
        root.set(&configuration.allowsLiteralSecrets, "allow_literal_secrets") { $0.flag() }
        secrets = SecretSource(
            environment: environment, read: read, allowsLiterals: configuration.allowsLiteralSecrets)
        configuration.logging = Configuration.Logging(verbosityIn: environment)
    }

    /// The configuration, if nothing was wrong.
    mutating func run() throws(ConfigurationMistakes) -> Configuration {
        root.set(&configuration.dataDirectory, "data_dir") { $0.name(bytesMax: 4_096) }
        readServer()
        readAdmin()
        readLogging()
        readTracing()
        readMetrics()
        readRouting()
        readPrices()
        readKeyChecks()
        readProviders()
        readRoutes()
        readUsage()
        readWebhooks()
        readTenants()
        readOTLP()
        checkExposure()
        checkAddresses()
        checkSharedSecrets()
        checkUsage()
        checkBudgetCurrencies()
        try ledger.throwIfAny()
        if configuration.routes.isEmpty { configuration.makeImplicitRoutes() }
        return configuration
    }
}

extension Configuration.Logging {
    /// PolyRouter's two switches, for a file that names no level.
    init(verbosityIn environment: [String: String]) {
        func isOn(_ name: String) -> Bool {
            ["1", "true", "yes", "on"].contains(environment[name]?.lowercased() ?? "")
        }
        if isOn("IN_DEPTH_DEBUG") {
            level = .trace
        } else if isOn("DEBUG") {
            level = .debug
        }
    }
}

extension ClosedRange<Duration> {
    /// For limits that must not be zero.
    static var upToAnHour: Self { .milliseconds(1) ... .seconds(3_600) }
    static var upToTenMinutesOrZero: Self { .zero ... .seconds(600) }
}

extension ClosedRange<Int> {
    /// For bodies and replies, in bytes.
    static var upToAGibibyte: Self { 1 << 10...1 << 30 }
}
