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
    ///   - standing: what outlives every configuration.
    ///   - previous: the configuration in force until now: what it has in common with this one is used on.
    init(
        _ configuration: Configuration, custom: [String: any CustomProvider], spans: (any SpanSink)?,
        standing: StandingParts, after previous: Generation? = nil
    ) throws(RouterError) {
        try configuration.check(custom)
        do throws(ProviderSettingsError) {
            table = try RouteTable(
                configuration, custom: custom, standing: standing, after: previous?.table)
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
struct StandingParts: Sendable {
    let scopes: SeriesScopes

    init(_ registry: MetricRegistry) {
        scopes = SeriesScopes(registry)
    }
}
