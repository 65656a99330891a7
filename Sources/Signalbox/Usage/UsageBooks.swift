import SignalboxConfig
import SignalboxCore
package import SignalboxTelemetry
import Synchronization

/// A router's usage records: where they are written, who hears of them, and how many providers are still
/// listened to for their count. Shared by all loops.
public final class UsageBooks: Sendable {
    let metrics: UsageMetrics
    private let journal: (any UsageJournal)?
    private let listener: UsageListener?
    private let drains = Atomic(0)

    /// What has become of a record.
    enum Entry {
        case kept(ticket: UInt64)
        /// Nobody keeps records, but somebody may have heard of it.
        case heard
        case lost(UsageJournalFailure)
    }

    /// - Parameters:
    ///   - journal: nil where records are not kept.
    ///   - listener: nil where no part of the program wants to hear of them.
    package init(
        journal: (any UsageJournal)?, listener: UsageListener? = nil, registry: MetricRegistry
    ) {
        self.journal = journal
        self.listener = listener
        metrics = UsageMetrics(registry)
    }

    /// Why nothing can be written down at the moment.
    var failure: UsageJournalFailure? { journal?.failure }

    func write(_ record: UsageRecord, for tenant: TenantUsage) -> Entry {
        if let listener { metrics.offered(listener.take(record)) }
        guard let journal else { return .heard }
        do throws(UsageJournalFailure) {
            let ticket = try journal.append(record)
            tenant.count(record.outcome)
            return .kept(ticket: ticket)
        } catch {
            metrics.lost(1, error.reason)
            return .lost(error)
        }
    }

    /// Waits until the record is safe.
    func committed(_ ticket: UInt64) async throws(UsageJournalFailure) {
        guard let journal else { return }
        try await journal.committed(ticket)
    }

    // MARK: Callers that have left

    /// Whether one more provider may be listened to; ``drained(_:)`` gives the place back.
    func beginDrain(_ drain: Configuration.Drain) -> Bool {
        if drain.time > .zero {
            if drains.add(1, ordering: .relaxed).newValue <= drain.answersMax { return true }
            drains.subtract(1, ordering: .relaxed)
        }
        metrics.drained(.refused)
        return false
    }

    func drained(_ result: DrainResult) {
        drains.subtract(1, ordering: .relaxed)
        metrics.drained(result)
    }
}
