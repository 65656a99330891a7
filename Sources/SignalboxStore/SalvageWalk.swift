internal import GRDB

/// Reads a damaged table in the order of its numbers, over places that cannot be read.
///
/// After a break it looks for the next number that can be found again, in steps that double, then reads
/// backwards from there what it has stepped over.
struct SalvageWalk {
    private static let stepMax: Int64 = 4_096
    /// No row is smaller: how many numbers may follow in a file.
    private static let rowBytesMin: Int64 = 32

    private let db: Database
    private let table: String
    private let key: String
    private let columns: String

    init(_ db: Database, _ table: String, _ columns: [String]) {
        self.db = db
        self.table = table
        self.key = table == "body" ? "delivery" : "number"
        self.columns = columns.joined(separator: ", ")
    }

    /// What SQLite says of a file that is not as it should be.
    static func isDamage(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_IOERR, .SQLITE_ERROR: true
        default: false
        }
    }

    /// - Returns: how many places could not be read.
    func run(_ body: (Int64, [DatabaseValue]) throws -> Void) throws -> Int {
        var breaks = 0
        var next: Int64 = 1
        var step: Int64 = 1
        var brokenFrom: Int64?
        while next <= (try end(after: brokenFrom ?? next)) {
            do {
                let rows = try Row.fetchCursor(
                    db,
                    sql: """
                        SELECT \(key), \(columns) FROM \(table) NOT INDEXED WHERE \(key) >= ? ORDER BY \(key)
                        """, arguments: [next])
                while let (number, values) = try read(rows) {
                    if let from = brokenFrom {
                        brokenFrom = nil
                        step = 1
                        try readBack(below: number, from: from, body)
                    }
                    try body(number, values)
                    next = number + 1
                }
                return breaks
            } catch let error as Break {
                guard Self.isDamage(error.error) else { throw error.error }
                if brokenFrom == nil {
                    breaks += 1
                    brokenFrom = next
                }
                next += step
                step = min(step * 2, Self.stepMax)
            }
        }
        return breaks
    }

    /// A failure to read, apart from one of whoever takes what was read.
    private struct Break: Error {
        let error: DatabaseError
    }

    private func read(_ rows: RowCursor) throws -> (Int64, [DatabaseValue])? {
        do {
            guard let row = try rows.next() else { return nil }
            let values = row.databaseValues
            return (row[0], Array(values.dropFirst()))
        } catch let error as DatabaseError {
            throw Break(error: error)
        }
    }

    /// Rows below one that was found after a break, down to the break; given in ascending order.
    private func readBack(
        below end: Int64, from: Int64, _ body: (Int64, [DatabaseValue]) throws -> Void
    ) throws {
        var found: [(Int64, [DatabaseValue])] = []
        do {
            let rows = try Row.fetchCursor(
                db,
                sql: """
                    SELECT \(key), \(columns) FROM \(table) NOT INDEXED
                    WHERE \(key) < ? AND \(key) >= ? ORDER BY \(key) DESC
                    """, arguments: [end, from])
            while let row = try read(rows) { found.append(row) }
        } catch let error as Break {
            guard Self.isDamage(error.error) else { throw error.error }
        } catch let error as DatabaseError {
            guard Self.isDamage(error) else { throw error }
        }
        for (number, values) in found.reversed() { try body(number, values) }
    }

    /// Where to give up: no more rows than fit in the file can follow.
    private func end(after number: Int64) throws -> Int64 {
        let pages = try Int64.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        let size = try Int64.fetchOne(db, sql: "PRAGMA page_size") ?? 4_096
        return number + pages * size / Self.rowBytesMin
    }
}
