import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import SignalboxTelemetry

/// One configuration in force, or one that requests in flight began with. Immutable.
final class Generation: Sendable {
    let configuration: Configuration
    let table: RouteTable
    let tracing: RouterTracing
    /// Who answers for the providers of kind `custom`.
    let custom: [String: any CustomProvider]
    /// Whether prompts and answers are logged.
    let logsContent: Bool

    /// - Parameters:
    ///   - lasting: what outlives every configuration.
    ///   - previous: the configuration in force until now: what it has in common with this one is used on.
    ///   - readings: what budgets that are new had used up before.
    init(
        _ configuration: Configuration, custom: [String: any CustomProvider], spans: (any SpanSink)?,
        lasting: LastingParts, after previous: Generation? = nil,
        spent readings: TenantBudgets.Readings = [:],
        at now: Instant, wallTime: WallTime
    ) throws(RouterError) {
        try configuration.check(custom)
        do throws(ProviderSettingsError) {
            table = try RouteTable(
                configuration, custom: custom, lasting: lasting, after: previous?.table, spent: readings,
                at: now, wallTime: wallTime)
        } catch {
            throw RouterError(description: "\(error)")
        }
        self.configuration = configuration
        self.custom = custom
        tracing = RouterTracing(configuration.tracing, sink: spans)
        logsContent = configuration.logging.logsContent
    }
}

/// What a router keeps over every change of configuration.
struct LastingParts: Sendable {
    let scopes: SeriesScopes
    /// What is remembered of providers and tenants between requests, by their names.
    let standings: any StandingStore
    let budgets: any BudgetStore

    init(
        _ registry: MetricRegistry, standings: any StandingStore = MemoryStandings(),
        budgets: any BudgetStore = MemoryBudgets()
    ) {
        scopes = SeriesScopes(registry)
        self.standings = standings
        self.budgets = budgets
    }

    /// Where requests wait, by the numbers of every provider that one may still wait for.
    var queueDepths: [Int: QueueDepths] {
        standings.names.mapValues {
            QueueDepths(scopes[.provider($0)].gauge(Catalogue.queueDepth), provider: $0)
        }
    }
}
