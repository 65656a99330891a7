import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry

/// A configuration made ready: adapters, addresses, candidates and metric handles, all resolved. Immutable.
struct RouteTable: Sendable {
    private let routes: [String: ResolvedRoute]
    /// For requests that name no route: they share one series.
    let unknown: RouteMetrics
    let tenants: [Configuration.Tenant]
    /// In the configuration's order.
    let providers: [ResolvedProvider]
    /// By the tenants' numbers.
    let tenantMetrics: [TenantMetrics]
    /// By the tenants' numbers; nil where a tenant has no limits.
    let allowances: [(any AllowanceDesk)?]
    /// Names that clients may ask for, in the configuration's order.
    let modelNames: [String]

    /// The label of callers when no tenants are configured.
    static let anonymousTenant = "anonymous"

    init(
        _ configuration: Configuration, standings: any StandingStore, at now: Instant,
        registry: MetricRegistry, custom: [String: any CustomProvider] = [:]
    ) throws(ProviderSettingsError) {
        var providers: [String: ResolvedProvider] = [:]
        for provider in configuration.providers {
            providers[provider.name] = try ResolvedProvider(
                provider, desk: standings.desk(of: provider.name), at: now, registry: registry,
                conventions: configuration.metrics.conventions, custom: custom[provider.name])
        }
        let labels =
            configuration.tenants.isEmpty
            ? [RouteTable.anonymousTenant] : configuration.tenants.map(\.id) + [MetricRegistry.otherLabel]
        self.providers = configuration.providers.compactMap { providers[$0.name] }
        var routes: [String: ResolvedRoute] = [:]
        for route in configuration.routes {
            routes[route.model] = ResolvedRoute(
                route, providers: providers,
                metrics: RouteMetrics(registry, route: route.model, tenants: labels))
        }
        self.routes = routes
        unknown = RouteMetrics(registry, route: MetricRegistry.otherLabel, tenants: labels)
        tenants = configuration.tenants
        allowances = configuration.tenants.map { tenant in
            tenant.limits == Configuration.Limits()
                ? nil : standings.allowance(of: tenant.id, StandingSettings.Limits(tenant.limits))
        }
        tenantMetrics = labels.map { TenantMetrics(registry, tenant: $0) }
        modelNames = configuration.routes.map(\.model)
    }

    subscript(model: String) -> ResolvedRoute? {
        routes[model]
    }
}

/// One provider: its wire format, its limits and its handles.
final class ResolvedProvider: Sendable {
    struct Key: Sendable {
        let alias: String
        let secret: Secret?
        /// Its place at the provider's desk.
        let place: Int
        /// Nil where calls carry the key itself.
        let tokens: TokenDesk?
    }

    let name: String
    /// What is remembered of it between requests.
    let desk: any StandingDesk
    let adapter: any ProviderAdapter
    let timeouts: TransferTimeouts
    let replyBytesMax: Int
    let dropsUnsupported: Bool
    let metrics: ProviderMetrics
    let keys: [Key]
    /// What the GenAI conventions call it.
    let genAIName: String
    /// Where its calls go; nil where they go nowhere.
    let server: (address: String, port: Int)?
    private let settings: Configuration.Provider
    /// The embedder's own, for the kind `custom`.
    private let custom: (any CustomProvider)?
    /// Whether tokens must be counted before a request is sent.
    let countsTokens: Bool
    /// Attempts at once that its own limits allow.
    let concurrencyMax: Int?
    /// Whether a rate limit, and what headers say of one, is about one model alone.
    let limitIsPerModel: Bool
    /// The models' places at the desk.
    private let modelPlaces: [String: Int]
    private let attemptMetrics: [String: AttemptMetrics]
    private let genAIMetrics: [String: GenAIOperations]

    init(
        _ provider: Configuration.Provider, desk: any StandingDesk, at now: Instant, registry: MetricRegistry,
        conventions: Configuration.Metrics.Conventions, custom: (any CustomProvider)?
    ) throws(ProviderSettingsError) {
        name = provider.name
        self.custom = custom
        self.desk = desk
        settings = provider
        adapter = try provider.kind.adapter(settings: provider.adapterSettings)
        timeouts = TransferTimeouts(
            connect: provider.timeouts.connect, firstByte: provider.timeouts.firstToken,
            idle: provider.timeouts.idle, total: provider.timeouts.total)
        replyBytesMax = provider.replyBytesMax
        dropsUnsupported = provider.dropsUnsupported
        metrics = ProviderMetrics(registry, provider: provider.name)
        let standing = StandingSettings(provider)
        countsTokens = standing.countsTokens
        concurrencyMax = standing.limits.concurrency
        limitIsPerModel = provider.kind.limitIsPerModel
        let places = desk.adopt(
            standing, keys: provider.keyIdentities, models: provider.modelNames, at: now)
        modelPlaces = Dictionary(uniqueKeysWithValues: zip(provider.modelNames, places.models))
        keys = ResolvedProvider.keys(of: provider, places.keys, adapter, timeouts, registry)
        attemptMetrics = Dictionary(
            uniqueKeysWithValues: provider.modelNames.map {
                ($0, AttemptMetrics(registry, provider: provider.name, model: $0))
            })
        let (genAIName, server) = (GenAIProviderName.of(provider), Self.server(of: provider))
        self.genAIName = genAIName
        self.server = server
        genAIMetrics = Dictionary(
            uniqueKeysWithValues: provider.modelNames.map {
                let identity = GenAIIdentity(
                    provider: genAIName, model: $0, address: server?.address ?? "",
                    port: server.map { String($0.port) } ?? "")
                return ($0, GenAIOperations(registry, conventions, identity))
            })
    }

    private static func server(of provider: Configuration.Provider) -> (address: String, port: Int)? {
        provider.kind.isNetworked ? provider.baseURL.map { ($0.host, Int($0.port)) } : nil
    }

    private static func keys(
        of provider: Configuration.Provider, _ places: [Int], _ adapter: any ProviderAdapter,
        _ timeouts: TransferTimeouts, _ registry: MetricRegistry
    ) -> [Key] {
        if provider.keys.isEmpty { return [Key(alias: noKey, secret: nil, place: places[0], tokens: nil)] }
        var pacer: TokenPacer?
        return zip(provider.keys, places).map { key, place in
            let tokens = adapter.session(for: key.secret).map { session in
                let shared = pacer ?? TokenPacer(interval: session.requestInterval)
                pacer = shared
                return TokenDesk(
                    session, pacer: shared, metrics: TokenMetrics(registry, provider: provider.name),
                    timeouts: timeouts,
                    authorityFile: provider.certificateAuthorityFile)
            }
            return Key(alias: key.alias, secret: key.secret, place: place, tokens: tokens)
        }
    }

    /// The alias where a provider needs no key.
    static let noKey = "none"

    /// The same number for the same provider for the life of the process.
    var number: Int { desk.number }

    /// The alias of the key at this place of the desk; nil for one that is configured no more.
    func keyAlias(at place: Int) -> String? {
        keys.first { $0.place == place }?.alias
    }

    /// Likewise a model's name.
    func modelName(at place: Int) -> String? {
        modelPlaces.first { $0.value == place }?.key
    }

    func price(of model: String) -> TokenPrice? {
        settings.model(named: model)?.price.map(TokenPrice.init)
    }

    /// What a walk through candidates knows of a model.
    func candidateModel(named name: String) -> CandidateTable.Model {
        CandidateTable.Model(name: name, contextWindow: settings.model(named: name)?.contextWindow)
    }

    /// One for each key.
    func candidates(model: String) -> [ResolvedCandidate] {
        guard let metrics = attemptMetrics[model], let genAI = genAIMetrics[model],
            let place = modelPlaces[model]
        else {
            preconditionFailure("a checked configuration's targets name models that their provider has")
        }
        return keys.map { key in
            ResolvedCandidate(
                provider: self, model: model, keyAlias: key.alias, metrics: metrics, genAI: genAI,
                transports: transports(model: model, key: key.secret), tokens: key.tokens,
                seat: Seat(desk: desk, key: key.place, model: place), prefill: prefill(model: model))
        }
    }

    private func prefill(model: String) -> Prefill {
        guard let custom else { return adapter.prefill(model: model) }
        return custom.acceptsPrefill(model: model) ? .continued : .refused
    }

    /// One for each operation; operations at one address share it, and so the connection's handles.
    private func transports(model: String, key: Secret?) -> [CallOperation: ResolvedCandidate.Transport] {
        var made: [CallOperation: ResolvedCandidate.Transport] = [:]
        for operation in CallOperation.allCases {
            guard let target = adapter.target(operation, model: model, key: key) else { continue }
            made[operation] =
                made.values.first { $0.leads(to: target) } ?? transport(for: target, model: model)
        }
        return made
    }

    private func transport(for target: CallTarget, model: String) -> ResolvedCandidate.Transport {
        switch target {
        case .embedder(let key):
            guard let custom else { preconditionFailure("a custom provider is there once it was checked") }
            return .custom(CustomTarget(provider: custom, model: model, key: key))
        case .script(let script): return .script(script)
        case .http(let url, var headers):
            headers += settings.headers.map { ($0.name, $0.value) }
            return .http(
                RequestTemplate(
                    url: url, headers: headers, timeouts: timeouts, replyBytesMax: replyBytesMax,
                    authorityFile: settings.certificateAuthorityFile))
        }
    }
}

/// One provider, model and key: everything about an attempt that no request changes.
final class ResolvedCandidate: Sendable {
    enum Transport: Sendable {
        case http(RequestTemplate)
        case script(@Sendable (ChatCall) -> ReplyScript)
        case custom(CustomTarget)

        /// Vendors' headers do not depend on the operation.
        func leads(to target: CallTarget) -> Bool {
            switch (self, target) {
            case (.http(let template), .http(let url, _)): template.url == url
            case (.script, .script), (.custom, .embedder): true
            case (.http, .script), (.http, .embedder), (.script, .http), (.script, .embedder),
                (.custom, .http), (.custom, .script):
                false
            }
        }
    }

    let provider: ResolvedProvider
    let model: String
    let keyAlias: String
    let metrics: AttemptMetrics
    let genAI: GenAIOperations
    let seat: Seat
    /// Whether it goes on with an answer that was begun elsewhere.
    let prefill: Prefill
    /// What authorizes its calls, where their headers do not.
    let tokens: TokenDesk?
    private let chat: Transport?
    private let chatStream: Transport?
    private let embeddings: Transport?

    init(
        provider: ResolvedProvider, model: String, keyAlias: String, metrics: AttemptMetrics,
        genAI: GenAIOperations, transports: [CallOperation: Transport], tokens: TokenDesk?, seat: Seat,
        prefill: Prefill
    ) {
        self.seat = seat
        self.prefill = prefill
        self.tokens = tokens
        self.provider = provider
        self.model = model
        self.keyAlias = keyAlias
        self.metrics = metrics
        self.genAI = genAI
        chat = transports[.chat]
        chatStream = transports[.chatStream]
        embeddings = transports[.embeddings]
    }

    /// Nil where the vendor has no such operation.
    func transport(for operation: CallOperation) -> Transport? {
        switch operation {
        case .chat: chat
        case .chatStream: chatStream
        case .embeddings: embeddings
        }
    }
}

extension Configuration.Provider {
    fileprivate var adapterSettings: ProviderSettings {
        var mocked = MockSettings()
        if let mock {
            mocked.latency = mock.latency
            mocked.chunkCount = mock.chunks
            mocked.chunkInterval = mock.chunkInterval
            if let text = mock.text { mocked.text = text }
            if let cut = mock.cutAfter { mocked.cutAfterChunks = cut }
        }
        var settings = ProviderSettings(baseURL: baseURL?.text, mock: mocked)
        settings.dropsUnsupported = dropsUnsupported
        settings.tokenURL = tokenURL?.text
        settings.scope = scope
        settings.folder = folder
        settings.authentication = authentication
        return settings
    }
}
