internal import GRDB
import SignalboxCore

/// Records as the file has them.
enum RecordReading {
    /// A tenant's records in the order of their sequences, after one of them.
    /// - Parameter bytesMax: JSON of all of them together; the first one is returned whatever its size.
    static func after(
        _ sequence: Int64, upTo last: Int64 = .max, of tenant: String, recordsMax: Int, bytesMax: Int,
        _ db: Database
    ) throws -> [StoredRecord] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT number, sequence, at, json FROM record
                WHERE tenant = (SELECT number FROM tenant WHERE name = ?) AND sequence > ? AND sequence <= ?
                ORDER BY sequence LIMIT ?
                """)
        let rows = try Row.fetchCursor(statement, arguments: [tenant, sequence, last, recordsMax])
        var records: [StoredRecord] = []
        var bytes = 0
        while let row = try rows.next() {
            let json = try row.withUnsafeData(atIndex: 3) { $0.map(Array.init) ?? [] }
            bytes += json.count
            if !records.isEmpty, bytes > bytesMax { break }
            records.append(
                StoredRecord(
                    number: row[0], sequence: row[1], tenant: tenant, time: WallTime(microseconds: row[2]),
                    json: json))
        }
        return records
    }
}
