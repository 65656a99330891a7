import SignalboxCore
import Synchronization

@testable import SignalboxStore

/// What a store has told.
final class SeenEvents: StoreObserver {
    struct Seen {
        var committed = 0
        var lost = 0
        var conditions: [StoreCondition] = []
        var purged = 0
        var purgedForRoom = 0
    }

    private let seen = Mutex(Seen())

    var now: Seen { seen.withLock { $0 } }

    func committed(records: Int, seconds: Double) {
        seen.withLock { $0.committed += records }
    }

    func lost(records: Int, error: StoreError) {
        seen.withLock { $0.lost += records }
    }

    func changed(to condition: StoreCondition) {
        seen.withLock { $0.conditions.append(condition) }
    }

    func purged(records: Int, forRoom: Bool) {
        seen.withLock {
            $0.purged += records
            if forRoom { $0.purgedForRoom += records }
        }
    }
}

extension UsageStore {
    /// Lets the writer do what was due, at least once.
    func settle() async throws {
        for _ in 0..<2 { try await write { _ in } }
    }

    /// Appends as many as are taken, and waits for them.
    /// - Returns: how many are on disk.
    func keepWhatFits(_ records: [UsageRecord]) async throws -> Int {
        var kept = 0
        for record in records {
            do {
                try await committed(append(record))
                kept += 1
            } catch {
                continue
            }
        }
        return kept
    }
}
