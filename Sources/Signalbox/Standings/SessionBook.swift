import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry
import Synchronization

/// Which target each session stays with; one for a router, for all its loops.
final class SessionBook: Sendable {
    private let table: Mutex<AffinityTable>

    init(sessionsMax: Int, timeToLive: Duration) {
        table = Mutex(AffinityTable(sessionsMax: sessionsMax, timeToLive: timeToLive))
    }

    var count: Int { table.withLock { $0.count } }

    func target(of key: SessionKey, at now: Instant) -> AffinityTarget? {
        table.withLock { $0.target(of: key, at: now) }
    }

    func remember(_ key: SessionKey, _ target: AffinityTarget, at now: Instant) {
        table.withLock { $0.remember(key, target, at: now) }
    }
}
