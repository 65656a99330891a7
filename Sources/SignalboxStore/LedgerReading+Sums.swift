internal import GRDB
import SignalboxCore

extension LedgerReading {
    /// Records whose numbers one page of a sum covers: as many rows as are read in one view.
    static let sumPage: Int64 = 50_000

    /// The first and the last number that the filter's records can have: by an index alone.
    static func numbers(_ filter: LedgerFilter, _ db: Database) throws -> ClosedRange<Int64>? {
        if filter.from != nil || filter.to != nil {
            let condition = Condition(LedgerFilter(from: filter.from, to: filter.to))
            return try range(
                db, "SELECT min(r.number), max(r.number) FROM record r \(condition.text)", condition.arguments
            )
        }
        if let tenant = filter.tenant {
            let own = "(SELECT number FROM record WHERE tenant = t.number ORDER BY sequence"
            return try range(
                db, "SELECT \(own) LIMIT 1), \(own) DESC LIMIT 1) FROM tenant t WHERE name = ?", [tenant])
        }
        return try range(db, "SELECT (SELECT min(number) FROM record), (SELECT max(number) FROM record)", [])
    }

    private static func range(
        _ db: Database, _ sql: String, _ arguments: StatementArguments
    ) throws -> ClosedRange<Int64>? {
        guard let row = try Row.fetchOne(db, sql: sql, arguments: arguments),
            let first: Int64 = row[0], let last: Int64 = row[1]
        else { return nil }
        return first...last
    }

    /// Adds what the records with numbers in `page` come to. SQLite sums 64 bits without overflow within a
    /// page; the sums of pages are made here, in 128.
    static func add(
        _ filter: LedgerFilter, by groups: [LedgerGroup], page: ClosedRange<Int64>,
        to sums: inout [[DatabaseValue]: LedgerSum], _ db: Database
    ) throws {
        var condition = Condition(filter)
        condition.add("r.number >= ?", page.lowerBound)
        condition.add("r.number <= ?", page.upperBound)
        let columns = groups.map(\.column) + ["r.currency"]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT \(columns.joined(separator: ", ")), count(*), sum(r.prompt), sum(r.completion),
                    sum(r.cached), sum(r.cache_write), sum(r.reasoning), sum(r.cost_high),
                    sum(r.cost_middle), sum(r.cost_low)
                FROM record r NOT INDEXED \(condition.text) GROUP BY \(columns.joined(separator: ", "))
                """, arguments: condition.arguments)
        while let row = try rows.next() {
            let key = columns.indices.map { row[$0] as DatabaseValue }
            var sum = try sums[key] ?? named(key, groups, db)
            try sum.add(row, from: columns.count)
            sums[key] = sum
        }
    }

    private static func named(
        _ key: [DatabaseValue], _ groups: [LedgerGroup], _ db: Database
    ) throws -> LedgerSum {
        var values: [LedgerGroup: String] = [:]
        for (group, value) in zip(groups, key) { values[group] = try group.text(value, db) }
        let currency = try String.fetchOne(
            db, sql: "SELECT text FROM name WHERE number = ?", arguments: [key[groups.count]])
        return LedgerSum(values: values, currency: currency)
    }
}

extension LedgerSum {
    fileprivate mutating func add(_ row: Row, from column: Int) throws {
        records += row[column] as Int64
        promptTokens += row[column + 1] as Int64
        completionTokens += row[column + 2] as Int64
        cachedTokens += row[column + 3] as Int64
        cacheWriteTokens += row[column + 4] as Int64
        reasoningTokens += row[column + 5] as Int64
        let sum = CostLimbs.sum(
            high: row[column + 6] ?? 0, middle: row[column + 7] ?? 0, low: row[column + 8] ?? 0)
        guard let sum, !nano.addingReportingOverflow(sum).overflow else {
            throw StoreError.damaged("the costs in \(currency ?? "no currency") are larger than any number")
        }
        nano += sum
    }
}

extension LedgerGroup {
    fileprivate var column: String {
        switch self {
        case .tenant: "r.tenant"
        case .tenantKey: "r.tenant_key"
        case .model: "r.model"
        case .provider: "r.provider"
        case .key: "r.key"
        case .day: "r.at / 86400000000"
        case .outcome: "r.outcome"
        }
    }

    fileprivate func text(_ value: DatabaseValue, _ db: Database) throws -> String? {
        switch self {
        case .tenant:
            return try String.fetchOne(
                db, sql: "SELECT name FROM tenant WHERE number = ?", arguments: [value])
        case .tenantKey, .model, .provider, .key:
            if value.isNull { return "" }
            return try String.fetchOne(db, sql: "SELECT text FROM name WHERE number = ?", arguments: [value])
        case .day:
            return try String.fetchOne(
                db, sql: "SELECT date(? * 86400, 'unixepoch')", arguments: [value])
        case .outcome:
            return Int64.fromDatabaseValue(value).flatMap { UsageRecord.Outcome(number: $0)?.rawValue }
        }
    }
}

extension LedgerReading {
    static func sorted(_ sums: [[DatabaseValue]: LedgerSum], _ groups: [LedgerGroup]) -> [LedgerSum] {
        func key(_ sum: LedgerSum) -> [String] {
            groups.map { sum.values[$0] ?? "" } + [sum.currency ?? ""]
        }
        return sums.values.sorted { key($0).lexicographicallyPrecedes(key($1)) }
    }
}
