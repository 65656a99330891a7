import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry
import Synchronization

/// Which target each session stays with; one for a router, for all its loops.
final class SessionBook: Sendable {
    private let table: Mutex<AffinityTable>
    private let kept: Gauge
    private let evictions: Counter

    init(sessionsMax: Int, timeToLive: Duration, registry: MetricRegistry) {
        table = Mutex(AffinityTable(sessionsMax: sessionsMax, timeToLive: timeToLive))
        kept = registry.gauge(Catalogue.sessions).series()
        evictions = registry.counter(Catalogue.sessionEvictions).series()
        evictions.increment(by: UInt64(0))
    }

    /// Tells how many there are; as a scrape asks.
    func tell() {
        kept.set(Double(count))
    }

    var count: Int { table.withLock { $0.count } }

    func target(of key: SessionKey, at now: Instant) -> AffinityTarget? {
        table.withLock { $0.target(of: key, at: now) }
    }

    func remember(_ key: SessionKey, _ target: AffinityTarget, at now: Instant) {
        let evicted = table.withLock { table in
            let before = table.evictions
            table.remember(key, target, at: now)
            return table.evictions - before
        }
        if evicted > 0 { evictions.increment(by: UInt64(evicted)) }
    }
}
