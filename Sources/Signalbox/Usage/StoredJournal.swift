import SignalboxCore
import SignalboxStore
import SignalboxTelemetry

/// Writes records down in SQLite.
struct StoredJournal: UsageJournal {
    let store: UsageStore

    func append(_ record: UsageRecord) throws(UsageJournalFailure) -> any UsageTicket {
        do throws(StoreError) {
            return StoredTicket(store: store, ticket: try store.append(record))
        } catch {
            throw UsageJournalFailure(error)
        }
    }

    var failure: UsageJournalFailure? {
        switch store.condition {
        case .healthy: nil
        case .full(let error): UsageJournalFailure(error)
        }
    }
}

private struct StoredTicket: UsageTicket {
    let store: UsageStore
    let ticket: UsageStore.Ticket

    func committed() async throws(UsageJournalFailure) {
        do throws(StoreError) {
            try await store.committed(ticket)
        } catch {
            throw UsageJournalFailure(error)
        }
    }
}

extension UsageJournalFailure {
    init(_ error: StoreError) {
        let reason: Reason =
            switch error {
            case .full: .full
            case .backlog: .backlog
            case .closed: .closed
            case .disk, .damaged, .inUse, .newer, .unknown, .refused, .encoding: .disk
            }
        self.init(reason, error.description)
    }
}

/// Counts what the writer does.
final class StoreMetrics: StoreObserver {
    private let seconds: Histogram
    private let records: Histogram
    private let bytes: Gauge
    private let healthy: Gauge
    private let purged: CounterFamily
    private let usage: UsageMetrics
    private let events: UsageEvents

    init(_ registry: MetricRegistry, bytesMax: Int, _ usage: UsageMetrics, _ events: UsageEvents) {
        seconds = registry.histogram(Catalogue.usageCommitSeconds).series()
        records = registry.histogram(Catalogue.usageCommitRecords).series()
        bytes = registry.gauge(Catalogue.usageStoreBytes).series()
        registry.gauge(Catalogue.usageStoreBytesMax).series().set(Double(bytesMax))
        healthy = registry.gauge(Catalogue.usageStoreHealthy).series()
        purged = registry.counter(Catalogue.usagePurgedRecords)
        for reason in PurgeReason.allCases { purged.series(reason.rawValue).increment(by: 0) }
        healthy.set(1)
        self.usage = usage
        self.events = events
    }

    func committed(records: Int, seconds: Double) {
        self.records.observe(Double(records))
        self.seconds.observe(seconds)
    }

    func lost(records: Int, error: StoreError) {
        let failure = UsageJournalFailure(error)
        usage.lost(records, failure.reason)
        events.lost(records, failure)
    }

    func changed(to condition: StoreCondition) {
        switch condition {
        case .healthy:
            healthy.set(1)
            events.recovered()
        case .full(let error):
            healthy.set(0)
            events.stopped(UsageJournalFailure(error))
        }
    }

    func purged(records: Int, forRoom: Bool) {
        purged.series((forRoom ? PurgeReason.room : .age).rawValue).increment(by: records)
        if forRoom { events.purged(records) }
    }

    /// Before a scrape.
    func refresh(bytesOnDisk: Int) {
        bytes.set(Double(bytesOnDisk))
    }
}
