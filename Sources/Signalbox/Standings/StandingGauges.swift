import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry

/// Health, breakers and headroom, read at the providers' desks when a scrape asks: between requests they
/// change by the mere passing of time, too.
struct StandingGauges: Sendable {
    private let health: GaugeFamily
    private let circuits: GaugeFamily
    private let headroom: GaugeFamily

    /// The label `key` of what concerns all keys of a provider.
    static let allKeys = "all"

    init(_ registry: MetricRegistry) {
        health = registry.gauge(Catalogue.providerHealth)
        circuits = registry.gauge(Catalogue.circuitState)
        headroom = registry.gauge(Catalogue.headroom)
    }

    func refresh(_ providers: [ResolvedProvider], at now: Instant) {
        for provider in providers {
            let status = provider.desk.status(at: now)
            health.series(provider.name).set(status.health.gauge)
            circuits.series(provider.name, Self.allKeys).set(status.breaker.state.gauge)
            tell(status.requests, status.tokens, of: provider.name, Self.allKeys)
            for key in status.keys {
                circuits.series(provider.name, key.alias).set(key.breaker.state.gauge)
                tell(key.requests, key.tokens, of: provider.name, key.alias)
            }
        }
    }

    private func tell(
        _ requests: ProviderStatus.Usage, _ tokens: ProviderStatus.Usage, of provider: String, _ key: String
    ) {
        for (usage, kind) in [(requests, LimitKind.requests), (tokens, .tokens)] {
            guard let limit = usage.limit, limit > 0 else { continue }
            let used = min(1, Double(usage.used) / Double(limit))
            headroom.series(provider, key, kind.rawValue).set(1 - used)
        }
    }
}

extension Health {
    var gauge: Double {
        switch self {
        case .healthy: 1
        case .degraded: 0.5
        case .unhealthy: 0
        }
    }
}

extension BreakerState {
    var gauge: Double {
        switch self {
        case .closed: 0
        case .halfOpen: 1
        case .open: 2
        }
    }
}
