internal import GRDB
import SignalboxCore

// What is left of records that nobody needs any more.
extension LedgerWriter {
    /// A row of `purged` from a damaged file; one whose names are lost is left out.
    func restorePurged(_ row: Row, names: [Int64: String], tenants: [Int64: Int64]) throws {
        let numbers = Array(row.databaseValues).compactMap { Int64.fromDatabaseValue($0) }
        guard numbers.count == 9, let tenant = tenants[numbers[1]] else { return }
        guard let key = try numbers[2] == 0 ? 0 : names[numbers[2]].map({ try number(of: $0) }),
            let currency = try numbers[3] == 0 ? 0 : names[numbers[3]].map({ try number(of: $0) })
        else { return }
        try addPurged(
            PurgedSum(
                day: numbers[0], tenant: tenant, tenantKey: key, currency: currency, records: numbers[4],
                tokens: numbers[5], high: numbers[6], middle: numbers[7], low: numbers[8]))
    }

    /// What the records of one day, tenant, key and currency came to; 0 stands for a name that is missing.
    struct PurgedSum {
        var day: Int64
        var tenant: Int64
        var tenantKey: Int64
        var currency: Int64
        var records: Int64
        var tokens: Int64
        var high: Int64
        var middle: Int64
        var low: Int64
    }

    func addPurged(_ sum: PurgedSum) throws {
        // The lower limbs keep their 32 bits: what is more goes up.
        try db.cachedStatement(
            sql: """
                INSERT INTO purged (day, tenant, tenant_key, currency, records, tokens,
                    cost_high, cost_middle, cost_low)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET
                    records = records + excluded.records, tokens = tokens + excluded.tokens,
                    cost_low = (cost_low + excluded.cost_low) & 4294967295,
                    cost_middle = (cost_middle + excluded.cost_middle
                        + ((cost_low + excluded.cost_low) >> 32)) & 4294967295,
                    cost_high = cost_high + excluded.cost_high
                        + ((cost_middle + excluded.cost_middle
                            + ((cost_low + excluded.cost_low) >> 32)) >> 32)
                """
        ).execute(arguments: [
            sum.day, sum.tenant, sum.tenantKey, sum.currency, sum.records, sum.tokens, sum.high, sum.middle,
            sum.low,
        ])
    }
}
