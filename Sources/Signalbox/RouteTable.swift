import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry

/// A configuration made ready: adapters, addresses, candidates and metric handles, all resolved. Immutable.
struct RouteTable: Sendable {
    private let routes: [String: ResolvedRoute]
    private let providers: [String: ResolvedCandidates]
    /// For requests that name no route: they share one series.
    let unknown: RouteMetrics
    /// By the tenants' numbers; the last one is nobody's where there are tenants.
    private let tenantLabels: [String]
    private let tenantMetrics: [TenantMetrics]
    /// Names that clients may ask for, in the configuration's order.
    let modelNames: [String]

    /// The label of callers when no tenants are configured.
    static let anonymousTenant = "anonymous"

    /// - Parameter previous: providers that are the same there are used on, with their handles and tokens.
    init(
        _ configuration: Configuration, custom: [String: any CustomProvider] = [:], standing: StandingParts,
        after previous: RouteTable? = nil
    ) throws(ProviderSettingsError) {
        let conventions = configuration.metrics.conventions
        var providers: [String: ResolvedCandidates] = [:]
        for provider in configuration.providers {
            if let kept = previous?.providers[provider.name], kept.provider.isLike(provider, conventions) {
                providers[provider.name] = kept
            } else {
                providers[provider.name] = ResolvedCandidates(
                    try ResolvedProvider(
                        provider, scopes: standing.scopes, conventions: conventions,
                        custom: custom[provider.name]))
            }
        }
        let numbers = Dictionary(
            uniqueKeysWithValues: configuration.providers.enumerated().map { ($1.name, $0) })
        let labels =
            configuration.tenants.isEmpty
            ? [RouteTable.anonymousTenant] : configuration.tenants.map(\.id) + [MetricRegistry.otherLabel]
        var routes: [String: ResolvedRoute] = [:]
        for route in configuration.routes {
            routes[route.model] = ResolvedRoute(
                route, providers: providers, numbers: numbers,
                metrics: RouteMetrics(standing.scopes, route: route.model, tenants: labels),
                fallbacks: previous?[route.model]?.fallbacks
                    ?? FallbackScopes(standing.scopes, route: route.model))
        }
        self.routes = routes
        self.providers = providers
        unknown = RouteMetrics(standing.scopes, route: MetricRegistry.otherLabel, tenants: labels)
        tenantLabels = labels
        tenantMetrics = labels.map { TenantMetrics(standing.scopes, tenant: $0) }
        modelNames = configuration.routes.map(\.model)
    }

    subscript(model: String) -> ResolvedRoute? {
        routes[model]
    }

    func provider(named name: String) -> ResolvedProvider? {
        providers[name]?.provider
    }

    /// The number of callers whose key belongs to no tenant.
    var nobody: Int { tenantLabels.count - 1 }

    func tenantLabel(_ number: Int) -> String {
        tenantLabels[min(number, nobody)]
    }

    func metrics(ofTenant number: Int) -> TenantMetrics {
        tenantMetrics[min(number, nobody)]
    }

    /// Those that loops may keep handles for, and that the other table has no use for.
    func templates(notIn other: RouteTable) -> [RequestTemplate] {
        providers.flatMap { name, candidates in
            other.providers[name]?.provider === candidates.provider ? [] : candidates.templates
        }
    }
}

/// One name that clients ask for, and every way to answer it.
final class ResolvedRoute: Sendable {
    let name: String
    let plan: CandidateTable
    let limits: AttemptPlan.Limits
    let requestTimeout: Duration
    let metrics: RouteMetrics
    let fallbacks: FallbackScopes
    private let providerNames: Set<String>
    /// By target, then model × key.
    private let candidates: [[ResolvedCandidate]]

    /// - Parameter numbers: of providers, by their names.
    init(
        _ route: Configuration.Route, providers: [String: ResolvedCandidates], numbers: [String: Int],
        metrics: RouteMetrics, fallbacks: FallbackScopes
    ) {
        name = route.model
        self.metrics = metrics
        self.fallbacks = fallbacks
        providerNames = Set(route.targets.map(\.provider))
        fallbacks.hold(providerNames)
        requestTimeout = route.requestTimeout
        limits = AttemptPlan.Limits(attemptsMax: route.attemptsMax)
        var targets: [CandidateTable.Target] = []
        var candidates: [[ResolvedCandidate]] = []
        for target in route.targets {
            guard let all = providers[target.provider], let number = numbers[target.provider] else {
                preconditionFailure("a checked configuration's targets name its providers")
            }
            targets.append(
                CandidateTable.Target(
                    provider: number, name: all.provider.name,
                    models: target.models.map { CandidateTable.Model(name: $0) },
                    keys: all.provider.keys.map(\.alias)))
            candidates.append(target.models.flatMap { all[$0] })
        }
        plan = CandidateTable(targets)
        self.candidates = candidates
    }

    deinit {
        fallbacks.release(providerNames)
    }

    subscript(candidate: Candidate) -> ResolvedCandidate {
        let keys = plan.targets[candidate.target].keys.count
        return candidates[candidate.target][candidate.model * keys + candidate.key]
    }
}

/// One provider: its wire format, its limits and its handles.
final class ResolvedProvider: Sendable {
    struct Key: Sendable {
        let alias: String
        let secret: Secret?
        /// Nil where calls carry the key itself.
        let tokens: TokenDesk?
    }

    let name: String
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
    private let conventions: Configuration.Metrics.Conventions
    /// The embedder's own, for the kind `custom`.
    private let custom: (any CustomProvider)?
    private let attemptMetrics: [String: AttemptMetrics]
    private let genAIMetrics: [String: GenAIOperations]

    init(
        _ provider: Configuration.Provider, scopes: SeriesScopes,
        conventions: Configuration.Metrics.Conventions, custom: (any CustomProvider)?
    ) throws(ProviderSettingsError) {
        name = provider.name
        self.custom = custom
        self.conventions = conventions
        settings = provider
        adapter = try provider.kind.adapter(settings: provider.adapterSettings)
        timeouts = TransferTimeouts(
            connect: provider.timeouts.connect, firstByte: provider.timeouts.firstToken,
            idle: provider.timeouts.idle, total: provider.timeouts.total)
        replyBytesMax = provider.replyBytesMax
        dropsUnsupported = provider.dropsUnsupported
        metrics = ProviderMetrics(scopes, provider: provider.name)
        keys = ResolvedProvider.keys(of: provider, adapter, timeouts, scopes)
        attemptMetrics = Dictionary(
            uniqueKeysWithValues: provider.models.map {
                ($0, AttemptMetrics(scopes, provider: provider.name, model: $0))
            })
        let (genAIName, server) = (GenAIProviderName.of(provider), Self.server(of: provider))
        self.genAIName = genAIName
        self.server = server
        genAIMetrics = Dictionary(
            uniqueKeysWithValues: provider.models.map {
                let identity = GenAIIdentity(
                    provider: genAIName, model: $0, address: server?.address ?? "",
                    port: server.map { String($0.port) } ?? "")
                return ($0, GenAIOperations(scopes, conventions, identity))
            })
    }

    fileprivate var models: [String] { settings.models }

    private static func server(of provider: Configuration.Provider) -> (address: String, port: Int)? {
        provider.kind.isNetworked ? provider.baseURL.map { ($0.host, Int($0.port)) } : nil
    }

    private static func keys(
        of provider: Configuration.Provider, _ adapter: any ProviderAdapter, _ timeouts: TransferTimeouts,
        _ scopes: SeriesScopes
    ) -> [Key] {
        if provider.keys.isEmpty { return [Key(alias: noKey, secret: nil, tokens: nil)] }
        var pacer: TokenPacer?
        return provider.keys.map { key in
            let tokens = adapter.session(for: key.secret).map { session in
                let shared = pacer ?? TokenPacer(interval: session.requestInterval)
                pacer = shared
                return TokenDesk(
                    session, pacer: shared, metrics: TokenMetrics(scopes, provider: provider.name),
                    timeouts: timeouts,
                    authorityFile: provider.certificateAuthorityFile)
            }
            return Key(alias: key.alias, secret: key.secret, tokens: tokens)
        }
    }

    /// Whether one made of these would be no different. An embedder's own is never taken for the same: it may
    /// have been registered anew.
    func isLike(
        _ other: Configuration.Provider, _ conventions: Configuration.Metrics.Conventions
    ) -> Bool {
        custom == nil && settings == other && self.conventions == conventions
    }

    /// The alias where a provider needs no key.
    static let noKey = "none"

    /// One for each key.
    fileprivate func candidates(model: String) -> [ResolvedCandidate] {
        guard let metrics = attemptMetrics[model], let genAI = genAIMetrics[model] else {
            preconditionFailure("a checked configuration's targets name models that their provider has")
        }
        return keys.map { key in
            ResolvedCandidate(
                provider: self, model: model, keyAlias: key.alias, metrics: metrics, genAI: genAI,
                transports: transports(model: model, key: key.secret), tokens: key.tokens)
        }
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

/// Every model and key of one provider: all routes that lead to it share them, and so their handles.
final class ResolvedCandidates: Sendable {
    let provider: ResolvedProvider
    private let candidates: [String: [ResolvedCandidate]]

    init(_ provider: ResolvedProvider) {
        self.provider = provider
        candidates = Dictionary(
            uniqueKeysWithValues: provider.models.map { ($0, provider.candidates(model: $0)) })
    }

    /// One for each key.
    subscript(model: String) -> [ResolvedCandidate] {
        guard let found = candidates[model] else {
            preconditionFailure("a checked configuration's targets name models that their provider has")
        }
        return found
    }

    /// What loops keep handles for.
    var templates: [RequestTemplate] {
        candidates.values.joined().flatMap(\.templates) + provider.keys.compactMap(\.tokens?.template)
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
    /// What authorizes its calls, where their headers do not.
    let tokens: TokenDesk?
    private let chat: Transport?
    private let chatStream: Transport?
    private let embeddings: Transport?

    init(
        provider: ResolvedProvider, model: String, keyAlias: String, metrics: AttemptMetrics,
        genAI: GenAIOperations, transports: [CallOperation: Transport], tokens: TokenDesk?
    ) {
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

    var templates: [RequestTemplate] {
        [chat, chatStream, embeddings].compactMap { transport in
            switch transport {
            case .http(let template): template
            case .script, .custom, nil: nil
            }
        }
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
