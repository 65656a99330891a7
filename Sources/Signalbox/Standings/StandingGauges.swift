import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry
import Synchronization

/// Health, breakers and headroom, read at the providers' desks when a scrape asks: between requests they
/// change by the mere passing of time, too.
final class StandingGauges: Sendable {
    private let registry: MetricRegistry
    /// Of the last scrape: series that the next one has no use for leave.
    private let latest = Mutex<SeriesScope?>(nil)

    /// The label `key` of what concerns all keys of a provider.
    static let allKeys = "all"

    init(_ registry: MetricRegistry) {
        self.registry = registry
        // Known from the start, so that the first scrape has them: a scrape lists metrics, then has them
        // read.
        for definition in [Catalogue.providerHealth, Catalogue.circuitState, Catalogue.headroom] {
            _ = registry.gauge(definition)
        }
    }

    func refresh(_ providers: [ResolvedProvider], at now: Instant) {
        let scope = registry.scope()
        let health = scope.gauge(Catalogue.providerHealth)
        let circuits = scope.gauge(Catalogue.circuitState)
        let headroom = scope.gauge(Catalogue.headroom)
        for provider in providers {
            let status = provider.desk.status(at: now)
            health.series(provider.name).set(status.health.gauge)
            circuits.series(provider.name, Self.allKeys).set(status.breaker.state.gauge)
            tell(status.requests, status.tokens, of: provider.name, Self.allKeys, in: headroom)
            for key in status.keys {
                circuits.series(provider.name, key.alias).set(key.breaker.state.gauge)
                tell(key.requests, key.tokens, of: provider.name, key.alias, in: headroom)
            }
        }
        let older = latest.withLock { latest in
            defer { latest = scope }
            return latest
        }
        older?.close()
    }

    private func tell(
        _ requests: ProviderStatus.Usage, _ tokens: ProviderStatus.Usage, of provider: String, _ key: String,
        in headroom: GaugeFamily
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
