internal import GRDB
import GRDBSQLite
import SignalboxCore

/// Reads a file that was not closed, to see whether it is whole; no longer than it may.
struct StoreCheck {
    /// Without them no record can be delivered: they come first, then everything.
    private static let first = ["fact", "name", "tenant", "endpoint", "delivery"]

    private let timeMax: Duration

    init(_ timeMax: Duration) {
        self.timeMax = timeMax
    }

    /// - Returns: what there was not the time for.
    /// - Throws: `damaged`, with the first thing that is wrong.
    func run(_ pool: DatabasePool) throws(StoreError) -> StoreFinding? {
        let limit = TimeLimit(SystemTime().now().advanced(by: timeMax))
        do {
            return try pool.writeWithoutTransaction { db in
                limit.begin(db)
                defer { limit.end(db) }
                return try Self.check(db)
            }
        } catch {
            throw StoreError(reading: error)
        }
    }

    private static func check(_ db: Database) throws -> StoreFinding? {
        do {
            for argument in first + ["1"] {
                let words = try String.fetchOne(db, sql: "PRAGMA quick_check(\(argument))") ?? "ok"
                if words != "ok" { throw StoreError.damaged(words) }
            }
            return nil
        } catch let error as DatabaseError where error.resultCode == .SQLITE_INTERRUPT {
            return StoreFinding(
                kind: .unchecked,
                message: "the last run did not end properly, and there was not the time to check all records")
        }
    }
}

/// Interrupts SQLite when its time is over.
///
/// `@unchecked Sendable`: nothing in it changes.
private final class TimeLimit: @unchecked Sendable {
    private let end: Instant

    init(_ end: Instant) {
        self.end = end
    }

    var isOver: Bool { SystemTime().now() >= end }

    func begin(_ db: Database) {
        sqlite3_progress_handler(
            db.sqliteConnection, 10_000, isTimeOver, Unmanaged.passUnretained(self).toOpaque())
    }

    func end(_ db: Database) {
        sqlite3_progress_handler(db.sqliteConnection, 0, nil, nil)
    }
}

private func isTimeOver(_ limit: UnsafeMutableRawPointer?) -> Int32 {
    guard let limit else { return 0 }
    return Unmanaged<TimeLimit>.fromOpaque(limit).takeUnretainedValue().isOver ? 1 : 0
}
