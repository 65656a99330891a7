import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry
import SignalboxUsage

/// A configuration made ready: adapters, addresses, candidates and metric handles, all resolved. Immutable.
struct RouteTable: Sendable {
    private let routes: [String: ResolvedRoute]
    private let candidates: [String: ResolvedCandidates]
    /// For requests that name no route: they share one series.
    let unknown: RouteMetrics
    /// In the configuration's order.
    let providers: [ResolvedProvider]
    /// By the tenants' numbers; the last one is nobody's where there are tenants.
    private let tenantLabels: [String]
    private let tenantMetrics: [TenantMetrics]
    /// The aliases of each tenant's keys, in the configuration's order.
    private let tenantKeys: [[String]]
    /// By the tenants' numbers; nil where a tenant has no limits.
    private let allowances: [(any AllowanceDesk)?]
    /// By the tenants' numbers; nil where a tenant has none.
    private let budgets: [TenantBudgets?]
    /// What came up as the budgets were taken on.
    let budgetNotices: [BudgetNotice]
    /// Names that clients may ask for, in the configuration's order.
    let modelNames: [String]

    /// The label of callers when no tenants are configured.
    static let anonymousTenant = "anonymous"

    /// - Parameters:
    ///   - previous: providers that are the same there are used on, with their handles and tokens.
    ///   - readings: what budgets that are new had used up before.
    init(
        _ configuration: Configuration, custom: [String: any CustomProvider] = [:], lasting: LastingParts,
        after previous: RouteTable? = nil, spent readings: TenantBudgets.Readings = [:], at now: Instant,
        wallTime: WallTime
    ) throws(ProviderSettingsError) {
        // First whatever may fail: what is refused must not have told the desks anything.
        var adapters: [String: any ProviderAdapter] = [:]
        for provider in configuration.providers {
            adapters[provider.name] = try provider.kind.adapter(settings: provider.adapterSettings)
        }
        let conventions = configuration.metrics.conventions
        var candidates: [String: ResolvedCandidates] = [:]
        for provider in configuration.providers {
            guard let adapter = adapters[provider.name] else { continue }
            let prices = configuration.priceHistories(at: provider)
            if let kept = previous?.candidates[provider.name],
                kept.provider.isLike(provider, conventions, prices)
            {
                candidates[provider.name] = kept
            } else {
                candidates[provider.name] = ResolvedCandidates(
                    ResolvedProvider(
                        provider, adapter, at: now, lasting: lasting, conventions: conventions,
                        prices: prices, custom: custom[provider.name],
                        after: previous?.candidates[provider.name]?.provider))
            }
        }
        let labels =
            configuration.tenants.isEmpty
            ? [RouteTable.anonymousTenant] : configuration.tenants.map(\.id) + [MetricRegistry.otherLabel]
        self.candidates = candidates
        providers = configuration.providers.compactMap { candidates[$0.name]?.provider }
        var routes: [String: ResolvedRoute] = [:]
        for route in configuration.routes {
            routes[route.model] = ResolvedRoute(
                route, providers: candidates,
                metrics: RouteMetrics(lasting.scopes, route: route.model, tenants: labels),
                fallbacks: previous?[route.model]?.fallbacks
                    ?? FallbackScopes(lasting.scopes, route: route.model), wallTime: wallTime)
        }
        self.routes = routes
        unknown = RouteMetrics(lasting.scopes, route: MetricRegistry.otherLabel, tenants: labels)
        tenantLabels = labels
        tenantKeys = configuration.tenants.map { $0.keys.map(\.alias) }
        allowances = configuration.tenants.map { tenant in
            tenant.limits == Configuration.Limits()
                ? nil : lasting.standings.allowance(of: tenant.id, StandingSettings.Limits(tenant.limits))
        }
        let budgets = configuration.tenants.map { TenantBudgets($0, lasting) }
        self.budgets = budgets
        budgetNotices = zip(configuration.tenants, budgets).flatMap { tenant, budgets in
            budgets.map { $0.desk.adopt($0.terms, readings: readings[tenant.id] ?? [:], at: wallTime) } ?? []
        }
        let currencies = configuration.prices?.book.currencies ?? []
        let delivered = Set(configuration.tenants.lazy.filter { $0.webhook != nil }.map(\.id))
        tenantMetrics = labels.map {
            TenantMetrics(
                lasting.scopes, tenant: $0, currencies: currencies, hasWebhook: delivered.contains($0))
        }
        modelNames = configuration.routes.map(\.model)
    }

    subscript(model: String) -> ResolvedRoute? {
        routes[model]
    }

    /// In the configuration's order.
    var routesInOrder: [ResolvedRoute] { modelNames.compactMap { routes[$0] } }

    /// The number of callers whose key belongs to no tenant.
    var nobody: Int { tenantLabels.count - 1 }

    func tenantLabel(_ number: Int) -> String {
        tenantLabels[min(number, nobody)]
    }

    /// Nil for a key that the tenant has not.
    func keyAlias(_ place: Int, ofTenant number: Int) -> String? {
        guard tenantKeys.indices.contains(number), tenantKeys[number].indices.contains(place) else {
            return nil
        }
        return tenantKeys[number][place]
    }

    func metrics(ofTenant number: Int) -> TenantMetrics {
        tenantMetrics[min(number, nobody)]
    }

    func allowance(ofTenant number: Int) -> (any AllowanceDesk)? {
        number < allowances.count ? allowances[number] : nil
    }

    func budgets(ofTenant number: Int) -> TenantBudgets? {
        number < budgets.count ? budgets[number] : nil
    }

    /// Tells the budgets what they had used up before.
    func recall(_ readings: TenantBudgets.Readings, at now: WallTime) -> [BudgetNotice] {
        budgets.compactMap(\.self).flatMap { budgets in
            budgets.desk.adopt(budgets.terms, readings: readings[budgets.tenant] ?? [:], at: now)
        }
    }

    /// In the configuration's order; each tenant's own before those of its keys.
    func budgetStandings(at now: WallTime) -> [BudgetStanding] {
        budgets.flatMap { $0?.desk.standings(at: now) ?? [] }
    }

    /// Those that loops may keep handles for, and that the other table has no use for.
    func templates(notIn other: RouteTable) -> [RequestTemplate] {
        candidates.flatMap { name, candidates in
            other.candidates[name]?.provider === candidates.provider ? [] : candidates.templates
        }
    }
}

extension Configuration {
    /// Of those of the provider's models that have one; nil where nothing is priced.
    fileprivate func priceHistories(at provider: Provider) -> [String: PriceHistory]? {
        guard prices != nil else { return nil }
        return provider.modelNames.reduce(into: [:]) { $0[$1] = priceHistory(of: $1, at: provider) }
    }
}
