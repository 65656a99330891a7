import SignalboxCore
import SignalboxTelemetry
import Synchronization

/// What becomes of usage records, as the log tells it.
final class UsageEvents: Sendable {
    private struct Losses {
        var records = 0
        var toldAt: Instant?
    }

    private let logger: Logger
    private let time: any TimeSource
    private let losses = Mutex(Losses())

    /// While records are lost the log says so this often, not for each of them.
    private static let lossPause = Duration.seconds(10)

    init(logger: Logger, time: any TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// Something was found when the records were opened.
    func found(_ message: String) {
        logger.log(.warning, "usage_store_finding") { $0.string("finding", message) }
    }

    func stopped(_ failure: UsageJournalFailure) {
        logger.log(.error, "usage_store_full") { fields in
            fields.string("reason", failure.reason.rawValue)
            fields.string("error", failure.description)
        }
    }

    func recovered() {
        tellLosses(because: nil)
        logger.log(.info, "usage_store_recovered") { _ in }
    }

    func lost(_ records: Int, _ failure: UsageJournalFailure) {
        let now = time.now()
        let isDue = losses.withLock { losses in
            losses.records += records
            guard let last = losses.toldAt, last.duration(to: now) < Self.lossPause else {
                losses.toldAt = now
                return true
            }
            return false
        }
        if isDue { tellLosses(because: failure) }
    }

    func purged(_ records: Int) {
        logger.log(.warning, "usage_records_purged") { fields in
            fields.string("reason", PurgeReason.room.rawValue)
            fields.int("records", records)
        }
    }

    private func tellLosses(because failure: UsageJournalFailure?) {
        let records = losses.withLock { losses in
            defer { losses.records = 0 }
            return losses.records
        }
        guard records > 0 else { return }
        logger.log(.error, "usage_records_lost") { fields in
            fields.int("records", records)
            fields.string("error", failure?.description)
        }
    }
}
