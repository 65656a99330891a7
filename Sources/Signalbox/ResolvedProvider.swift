import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxKeys
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry
import SignalboxUsage

/// One provider: its wire format, its limits and its handles.
final class ResolvedProvider: Sendable {
    struct Key: Sendable {
        let alias: String
        let secret: Secret?
        /// Its place at the provider's desk.
        let place: Int
        /// Nil where calls carry the key itself.
        let tokens: TokenDesk?
        /// What its requests show of it; nil where there is no key.
        let traffic: KeyTraffic?
        /// Takes it out of what the provider says, and what goes beside it.
        let redaction: KeyRedaction
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
    let settings: Configuration.Provider
    private let conventions: Configuration.Metrics.Conventions
    /// By model; nil where nothing is priced.
    private let prices: [String: PriceHistory]?
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
        _ provider: Configuration.Provider, _ adapter: any ProviderAdapter, at now: Instant,
        lasting: LastingParts, conventions: Configuration.Metrics.Conventions,
        prices: [String: PriceHistory]?, custom: (any CustomProvider)?, after previous: ResolvedProvider?
    ) {
        let scopes = lasting.scopes
        name = provider.name
        self.custom = custom
        self.conventions = conventions
        self.prices = prices
        desk = lasting.standings.desk(of: provider.name)
        settings = provider
        self.adapter = adapter
        timeouts = TransferTimeouts(
            connect: provider.timeouts.connect, firstByte: provider.timeouts.firstToken,
            idle: provider.timeouts.idle, total: provider.timeouts.total)
        replyBytesMax = provider.replyBytesMax
        dropsUnsupported = provider.dropsUnsupported
        metrics = ProviderMetrics(scopes, provider: provider.name)
        let standing = StandingSettings(provider)
        countsTokens = standing.countsTokens
        concurrencyMax = standing.limits.concurrency
        limitIsPerModel = provider.kind.limitIsPerModel
        let places = desk.adopt(
            standing, keys: provider.keyIdentities, models: provider.modelNames, at: now)
        modelPlaces = Dictionary(uniqueKeysWithValues: zip(provider.modelNames, places.models))
        keys = ResolvedProvider.keys(
            of: provider, places.keys, adapter, timeouts, scopes, after: previous)
        attemptMetrics = Dictionary(
            uniqueKeysWithValues: provider.modelNames.map { model in
                let pricing = prices.map {
                    ModelPricing(scopes, provider: provider.name, model: model, $0[model])
                }
                return (
                    model, AttemptMetrics(scopes, provider: provider.name, model: model, pricing: pricing)
                )
            })
        let (genAIName, server) = (GenAIProviderName.of(provider), Self.server(of: provider))
        self.genAIName = genAIName
        self.server = server
        genAIMetrics = Dictionary(
            uniqueKeysWithValues: provider.modelNames.map {
                let identity = GenAIIdentity(
                    provider: genAIName, model: $0, address: server?.address ?? "",
                    port: server.map { String($0.port) } ?? "")
                return ($0, GenAIOperations(scopes, conventions, identity))
            })
    }

    private static func server(of provider: Configuration.Provider) -> (address: String, port: Int)? {
        provider.kind.isNetworked ? provider.baseURL.map { ($0.host, Int($0.port)) } : nil
    }

    private static func keys(
        of provider: Configuration.Provider, _ places: [Int], _ adapter: any ProviderAdapter,
        _ timeouts: TransferTimeouts, _ scopes: SeriesScopes, after previous: ResolvedProvider?
    ) -> [Key] {
        let beside = provider.headers.filter(\.isConfidential).map(\.value)
        if provider.keys.isEmpty {
            let redaction = KeyRedaction(beside)
            return [
                Key(
                    alias: noKey, secret: nil, place: places[0], tokens: nil, traffic: nil,
                    redaction: redaction)
            ]
        }
        var pacer: TokenPacer?
        return zip(provider.keys, places).map { key, place in
            // Requests of the configuration before go on telling of the same key.
            let known = previous?.keys.first { $0.alias == key.alias && $0.secret == key.secret }
            let traffic = known?.traffic ?? KeyTraffic()
            let tokens = adapter.session(for: key.secret).map { session in
                let shared = pacer ?? TokenPacer(interval: session.requestInterval)
                pacer = shared
                return TokenDesk(
                    session, pacer: shared, metrics: TokenMetrics(scopes, provider: provider.name),
                    traffic: traffic,
                    timeouts: timeouts,
                    authorityFile: provider.certificateAuthorityFile)
            }
            return Key(
                alias: key.alias, secret: key.secret, place: place, tokens: tokens, traffic: traffic,
                redaction: KeyRedaction([key.secret] + beside))
        }
    }

    /// Whether one made of these would be no different. An embedder's own is never taken for the same: it may
    /// have been registered anew.
    func isLike(
        _ other: Configuration.Provider, _ conventions: Configuration.Metrics.Conventions,
        _ prices: [String: PriceHistory]?
    ) -> Bool {
        var other = other
        // How keys are checked is nothing of its own: connections and tokens stay.
        other.keyChecks = settings.keyChecks
        return custom == nil && settings == other && self.conventions == conventions
            && self.prices == prices
    }

    /// The alias where a provider needs no key.
    static let noKey = "none"

    /// The same number for the same provider as long as any configuration in use has it.
    var number: Int { desk.number }

    /// The alias of the key at this place of the desk; nil for one that is configured no more.
    func keyAlias(at place: Int) -> String? {
        keys.first { $0.place == place }?.alias
    }

    /// Likewise a model's name.
    func modelName(at place: Int) -> String? {
        modelPlaces.first { $0.value == place }?.key
    }

    /// What the model's own settings say, else the price book by that time.
    func price(of model: String, at time: WallTime) -> TokenPrice? {
        settings.model(named: model)?.price.map(TokenPrice.init)
            ?? prices?[model]?.price(at: time).map(TokenPrice.init)
    }

    /// What the price book says of it; nil where it says nothing.
    func priceHistory(of model: String) -> PriceHistory? {
        prices?[model]
    }

    /// What a walk through candidates knows of a model.
    func candidateModel(named name: String) -> CandidateTable.Model {
        CandidateTable.Model(name: name, contextWindow: settings.model(named: name)?.contextWindow)
    }

    var modelNames: [String] { settings.modelNames }

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
                traffic: key.traffic, redaction: key.redaction,
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

/// Every model and key of one provider: all routes that lead to it share them, and so their handles.
final class ResolvedCandidates: Sendable {
    let provider: ResolvedProvider
    private let candidates: [String: [ResolvedCandidate]]

    init(_ provider: ResolvedProvider) {
        self.provider = provider
        candidates = Dictionary(
            uniqueKeysWithValues: provider.modelNames.map { ($0, provider.candidates(model: $0)) })
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

extension Configuration.Provider {
    var adapterSettings: ProviderSettings {
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
