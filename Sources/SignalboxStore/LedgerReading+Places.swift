internal import GRDB
import SignalboxCore

extension LedgerReading {
    static func sequences(_ filter: LedgerFilter, _ db: Database) throws -> ClosedRange<Int64>? {
        let condition = Condition(filter)
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT min(r.sequence), max(r.sequence) FROM record r \(filter.index) \(condition.text)
                """,
            arguments: condition.arguments)
        guard let row, let first: Int64 = row[0], let last: Int64 = row[1] else { return nil }
        return first...last
    }

    /// Purged records are counted by day, tenant and the tenant's key; the filter's other wishes are not
    /// known of them.
    static func purged(_ filter: LedgerFilter, _ db: Database) throws -> PurgedRecords? {
        var condition = Condition(LedgerFilter(tenant: filter.tenant, tenantKey: filter.tenantKey))
        condition.add("r.day >= ?", filter.from?.day)
        // The day of the last microsecond that is meant.
        condition.add(
            "r.day <= ?",
            filter.to.map { WallTime(nanosecondsSince1970: $0.nanosecondsSince1970 - 1_000).day })
        let row = try Row.fetchOne(
            db,
            sql: """
                SELECT sum(r.records), date(min(r.day) * 86400, 'unixepoch'),
                    date(max(r.day) * 86400, 'unixepoch')
                FROM purged r \(condition.text)
                """,
            arguments: condition.arguments)
        guard let row, let records: Int64 = row[0], let first: String = row[1], let last: String = row[2]
        else { return nil }
        return PurgedRecords(records: records, first: first, last: last)
    }
}

extension LedgerFilter {
    /// The index in whose order pages are read: without it SQLite would sort the rest of the ledger for each
    /// page.
    var index: String {
        if from != nil { return "INDEXED BY record_time" }
        return tenant != nil ? "INDEXED BY record_sequence" : "NOT INDEXED"
    }
}
