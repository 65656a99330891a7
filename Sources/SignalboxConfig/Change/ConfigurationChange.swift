/// What a configuration has that another one has not, by names. Holds no secret: of a changed key it knows
/// the alias.
public struct ConfigurationChange: Sendable, Equatable {
    /// What came, went, and stayed under its name but is not the same.
    public struct Names: Sendable, Equatable {
        public var added: [String] = []
        public var removed: [String] = []
        public var changed: [String] = []

        public init(added: [String] = [], removed: [String] = [], changed: [String] = []) {
            self.added = added
            self.removed = removed
            self.changed = changed
        }

        public var isEmpty: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty }
    }

    public var providers = Names()
    /// Of the providers that changed, which settings did, as the file calls them: `timeouts.connect`.
    public var providerSettings: [String: [String]] = [:]
    /// As `provider/model`, of all providers.
    public var models = Names()
    /// Aliases of the providers' keys. A key that has another value is a changed one.
    public var keys = Names()
    /// By what clients ask for.
    public var routes = Names()
    public var tenants = Names()
    /// Of everything else, as the file calls them: `logging.level`.
    public var settings: [String] = []
    /// Those of ``settings`` that a running daemon cannot take on: they stay as they were until it is
    /// restarted.
    public var needsRestart: [String] = []

    public var isEmpty: Bool {
        [providers, models, keys, routes, tenants].allSatisfy(\.isEmpty) && settings.isEmpty
    }

    /// Names stand in the order of the configuration that has them.
    public init(from old: Configuration, to new: Configuration) {
        let paths = ConfigurationOutline(new).differences(from: ConfigurationOutline(old))
        func settings(of place: String) -> [String] {
            paths.filter { $0.hasPrefix(place + ".") }.map { String($0.dropFirst(place.count + 1)) }
        }
        providers = Self.names(old.providers, new.providers, \.name)
        for name in providers.changed {
            guard let before = old.provider(named: name), let after = new.provider(named: name) else {
                continue
            }
            let shown = settings(of: "providers[\(YAMLText.scalar(name))]")
            let hidden = Self.hiddenSettings(before, after)
            providerSettings[name] = shown + hidden.filter { !shown.contains($0) }
        }
        models = Self.names(old.modelAddresses, new.modelAddresses, \.self)
        keys = Self.names(old.providers.flatMap(\.keys), new.providers.flatMap(\.keys), \.alias)
        routes = Self.names(old.routes, new.routes, \.model)
        tenants = Self.names(old.tenants, new.tenants, \.id)
        let lists = ["providers[", "routes[", "tenants["]
        let shown = paths.filter { path in !lists.contains { path.hasPrefix($0) } }
        self.settings = (shown + Self.hiddenSettings(old, new).filter { !shown.contains($0) }).sorted()
        needsRestart = self.settings.filter { !LiveSettings.contains($0) }
    }

    private static func names<Item: Equatable>(
        _ old: [Item], _ new: [Item], _ name: (Item) -> String
    ) -> Names {
        let before = Dictionary(old.map { (name($0), $0) }, uniquingKeysWith: { first, _ in first })
        let after = Set(new.map(name))
        var names = Names()
        for item in new {
            guard let same = before[name(item)] else {
                names.added.append(name(item))
                continue
            }
            if same != item { names.changed.append(name(item)) }
        }
        names.removed = old.map(name).filter { !after.contains($0) }
        return names
    }

    /// What a description does not tell apart.
    private static func hiddenSettings(
        _ old: Configuration.Provider, _ new: Configuration.Provider
    ) -> [String] {
        var settings: [String] = []
        if old.keys != new.keys { settings.append("keys") }
        for name in Set((old.headers + new.headers).map(\.name)).sorted()
        where old.headers.first(where: { $0.name == name }) != new.headers.first(where: { $0.name == name }) {
            settings.append("headers.\(name)")
        }
        return settings
    }

    private static func hiddenSettings(_ old: Configuration, _ new: Configuration) -> [String] {
        var settings: [String] = []
        if old.server.tls != new.server.tls { settings.append("server.tls") }
        if old.admin.tls != new.admin.tls { settings.append("admin.tls") }
        if old.prices != new.prices { settings.append("prices.file") }
        if old.admin.token != new.admin.token { settings.append("admin.token") }
        if old.admin.basicAuth?.password != new.admin.basicAuth?.password {
            settings.append("admin.basic_auth.password")
        }
        let (before, after) = (old.webhooks.operatorWebhook, new.webhooks.operatorWebhook)
        if before?.secrets != after?.secrets { settings.append("webhooks.operator.secrets") }
        if before?.headers != after?.headers { settings.append("webhooks.operator.headers") }
        for signal in Configuration.OTLP.Signal.allCases {
            let (before, after) = (old.otlp?.destination(of: signal), new.otlp?.destination(of: signal))
            if before?.headers != after?.headers { settings.append("otlp.\(signal.rawValue).headers") }
        }
        return settings
    }
}

extension Configuration {
    fileprivate var modelAddresses: [String] {
        providers.flatMap { provider in provider.modelNames.map { "\(provider.name)/\($0)" } }
    }
}
