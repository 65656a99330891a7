import SignalboxConfig
import SignalboxCore
package import SignalboxStore
package import SignalboxTelemetry
import SignalboxUsage
import Synchronization

/// A router's usage records: where they are written, who hears of them, and how many providers are still
/// listened to for their count. Shared by all loops.
public final class UsageBooks: Sendable {
    let metrics: UsageMetrics
    private let journal: (any UsageJournal)?
    /// Nil where records are kept in no file.
    package let store: UsageStore?
    let deliveries: WebhookDeliveries?
    let listener: UsageListener?
    private let listening: Task<Void, Never>?
    private let drains = Atomic(0)
    private let isEnding = Atomic(false)

    /// What has become of a record.
    enum Entry {
        case kept(any UsageTicket)
        /// Nobody keeps records, but somebody may have heard of it.
        case heard
        case lost(UsageJournalFailure)
    }

    /// - Parameters:
    ///   - journal: nil where records are not kept.
    ///   - listener: nil where no part of the program wants to hear of them.
    init(
        journal: (any UsageJournal)?, store: UsageStore? = nil, deliveries: WebhookDeliveries? = nil,
        listener: UsageListener?, metrics: UsageMetrics
    ) {
        self.journal = journal
        self.store = store
        self.deliveries = deliveries
        self.listener = listener
        self.metrics = metrics
        listening = listener.map { listener in Task { await listener.run(metrics) } }
    }

    package convenience init(
        journal: (any UsageJournal)?, listener: UsageListener? = nil, registry: MetricRegistry
    ) {
        self.init(journal: journal, listener: listener, metrics: UsageMetrics(registry))
    }

    deinit {
        listener?.end()
    }

    /// Once the listener has heard what waited for it.
    func endListening() async {
        listener?.end()
        await listening?.value
    }

    /// Brings records again; nil where none are kept.
    package var replay: UsageReplay? {
        store.map { UsageReplay(store: $0, deliveries: deliveries) }
    }

    /// Has records sent to an endpoint again that was disabled.
    package func enable(endpoint: String) async throws {
        if let deliveries { return try await deliveries.enable(endpoint) }
        try await store?.enable(endpoint: endpoint)
    }

    /// Why nothing can be written down at the moment.
    var failure: UsageJournalFailure? { journal?.failure }

    func write(_ record: UsageRecord, for tenant: TenantUsage) -> Entry {
        if let listener, listener.wants(record, tenant) { metrics.offered(listener.take(record)) }
        guard let journal else { return .heard }
        do throws(UsageJournalFailure) {
            let ticket = try journal.append(record)
            tenant.count(record.outcome)
            return .kept(ticket)
        } catch {
            metrics.lost(1, error.reason)
            return .lost(error)
        }
    }

    // MARK: Callers that have left

    /// Whether one more provider may be listened to; ``drained(_:)`` gives the place back.
    func beginDrain(_ drain: Configuration.Drain) -> Bool {
        if drain.time > .zero, !isEnding.load(ordering: .relaxed) {
            if drains.add(1, ordering: .relaxed).newValue <= drain.answersMax { return true }
            drains.subtract(1, ordering: .relaxed)
        }
        metrics.drained(.refused)
        return false
    }

    /// From now on nobody is listened to whose caller leaves: the program is about to end.
    package func endDrains() {
        isEnding.store(true, ordering: .relaxed)
    }

    func drained(_ result: DrainResult) {
        drains.subtract(1, ordering: .relaxed)
        metrics.drained(result)
    }
}
