internal import GRDB
import SignalboxCore

/// Reads of the ledger, on whichever connection.
enum LedgerReading {
    /// The condition that a filter is, and its arguments.
    struct Condition {
        var sql: [String] = []
        var arguments: StatementArguments = []

        init(_ filter: LedgerFilter) {
            add("r.at >= ?", filter.from?.microseconds)
            add("r.at < ?", filter.to?.microseconds)
            add("r.tenant = (SELECT number FROM tenant WHERE name = ?)", filter.tenant)
            add("r.tenant_key = (SELECT number FROM name WHERE text = ?)", filter.tenantKey)
            add("r.provider = (SELECT number FROM name WHERE text = ?)", filter.provider)
            add("r.model = (SELECT number FROM name WHERE text = ?)", filter.model)
            add("r.key = (SELECT number FROM name WHERE text = ?)", filter.key)
            add("r.outcome = ?", filter.outcome?.number)
        }

        mutating func add(_ condition: String, _ argument: (some DatabaseValueConvertible)?) {
            guard let argument else { return }
            sql.append(condition)
            arguments += [argument]
        }

        var text: String { sql.isEmpty ? "" : "WHERE " + sql.joined(separator: " AND ") }
    }

    /// One page in the order of commits; by time where the filter has a beginning.
    static func records(
        _ filter: LedgerFilter, after place: LedgerPlace?, limit: Int, _ db: Database
    ) throws -> [StoredRecord] {
        var filter = filter
        // Behind the place at once: SQLite would walk there from the filter's beginning.
        if let from = filter.from, let place { filter.from = max(from, place.time) }
        var condition = Condition(filter)
        var order = "r.number"
        if filter.tenant != nil, filter.from == nil {
            order = "r.sequence"
            condition.add("r.sequence > ?", place?.sequence)
        } else if filter.from != nil {
            order = "r.at, r.number"
            if let place {
                condition.sql.append("(r.at, r.number) > (?, ?)")
                condition.arguments += [place.time.microseconds, place.number]
            }
        } else {
            condition.add("r.number > ?", place?.number)
        }
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT r.number, r.sequence, t.name, r.at, r.json
                FROM record r \(filter.index) CROSS JOIN tenant t ON t.number = r.tenant
                \(condition.text) ORDER BY \(order) LIMIT ?
                """, arguments: condition.arguments + [limit])
        var records: [StoredRecord] = []
        while let row = try rows.next() {
            records.append(
                StoredRecord(
                    number: row[0], sequence: row[1], tenant: row[2], time: WallTime(microseconds: row[3]),
                    json: try row.withUnsafeData(atIndex: 4) { $0.map(Array.init) ?? [] }))
        }
        return records
    }

    /// What was spent from a moment on: by records that are kept, and by those that were purged since the
    /// beginning of that moment's day.
    static func spent(
        tenant: String, tenantKey: String?, since: WallTime, _ db: Database
    ) throws -> Spent {
        let filter = LedgerFilter(tenant: tenant, tenantKey: tenantKey, from: since)
        var condition = Condition(filter)
        var spent = Spent()
        try spent.add(
            db,
            """
            SELECT (SELECT text FROM name WHERE number = r.currency), count(*),
                sum(r.prompt) + sum(r.completion), sum(r.cost_high), sum(r.cost_middle), sum(r.cost_low)
            FROM record r \(condition.text) GROUP BY r.currency
            """, condition.arguments)
        condition = Condition(LedgerFilter(tenant: tenant, tenantKey: tenantKey))
        condition.add("r.day >= ?", since.day)
        try spent.add(
            db,
            """
            SELECT (SELECT text FROM name WHERE number = r.currency), sum(r.records), sum(r.tokens),
                sum(r.cost_high), sum(r.cost_middle), sum(r.cost_low)
            FROM purged r \(condition.text) GROUP BY r.currency
            """, condition.arguments)
        return spent
    }
}

extension Spent {
    fileprivate mutating func add(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws {
        let rows = try Row.fetchCursor(db, sql: sql, arguments: arguments)
        while let row = try rows.next() {
            let counted: Int64 = row[1]
            records += counted
            tokens += row[2] as Int64? ?? 0
            guard let currency: String = row[0] else { continue }
            guard let sum = CostLimbs.sum(high: row[3] ?? 0, middle: row[4] ?? 0, low: row[5] ?? 0) else {
                throw StoreError.damaged("the costs in \(currency) are larger than any number")
            }
            nano[currency, default: 0] += sum
        }
    }
}

extension WallTime {
    /// Of UTC, since 1970.
    var day: Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        return quotient - (remainder < 0 ? 1 : 0)
    }
}
