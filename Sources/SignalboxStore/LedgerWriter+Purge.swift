internal import GRDB
import SignalboxCore

// Records, deliveries and dead letters that nobody needs any more go, a few at a time.
extension LedgerWriter {
    /// Rows that one transaction takes away.
    static let purgeMax = 500
    /// Days for which what was purged is still summed: more than a budget's month.
    static let summedDays: Int64 = 62
    /// Pages that are given back to the system at a time.
    private static let vacuumPages = 256

    /// What a step has taken away.
    struct Purged {
        var records = 0
        /// All rows that it has changed: while there are some, there may be more.
        var rows = 0
        var forRoom = false
    }

    /// One step of it, in a transaction of its own.
    func purge(forRoom: Bool, _ db: Database) throws -> Purged {
        let cutoff = time.wallTime().microseconds - settings.retention.nanoseconds / 1_000
        var purged = Purged()
        try transaction(db) {
            purged.rows = try purgeDeliveries(endedBefore: cutoff)
            let aged = try oldestUnwanted(before: cutoff)
            if let unwanted = try aged ?? (forRoom ? oldestUnwanted(before: .max) : nil) {
                purged.records = try purgeRecords(unwanted, before: aged == nil ? .max : cutoff)
                purged.rows += purged.records
                purged.forRoom = aged == nil
            }
        }
        try giveBack(db)
        return purged
    }

    /// A tenant's oldest record, where nobody waits for it.
    private struct Unwanted {
        let tenant: Int
        let at: Int64
        /// The first sequence that somebody waits for.
        let end: Int64
    }

    private func oldestUnwanted(before cutoff: Int64) throws -> Unwanted? {
        let statement = try db.cachedStatement(
            sql: "SELECT at, sequence FROM record WHERE tenant = ? ORDER BY sequence LIMIT 1")
        var oldest: Unwanted?
        for tenant in state.tenants.indices {
            let row = try Row.fetchOne(statement, arguments: [state.tenants[tenant].number])
            guard let row, row[0] < min(cutoff, oldest?.at ?? .max) else { continue }
            let end = try firstWanted(of: tenant)
            if row[1] < end { oldest = Unwanted(tenant: tenant, at: row[0], end: end) }
        }
        return oldest
    }

    private func firstWanted(of tenant: Int) throws -> Int64 {
        let cutoff = time.wallTime().microseconds - settings.retention.nanoseconds / 1_000
        var end = Int64.max
        for index in state.tenants[tenant].endpoints {
            let endpoint = state.endpoints[index]
            // Nobody has asked for it since: it will not be missed.
            if let gone = endpoint.gone, gone.microseconds < cutoff { continue }
            let frozen = try Int64.fetchOne(
                db.cachedStatement(
                    // Those of 0 bring no records.
                    sql: "SELECT min(first) FROM delivery WHERE endpoint = ? AND state = 0 AND first > 0"),
                arguments: [endpoint.number])
            end = min(end, endpoint.standing.cursor + 1, frozen ?? .max)
        }
        return end
    }

    private func purgeRecords(_ unwanted: Unwanted, before cutoff: Int64) throws -> Int {
        let tenant = state.tenants[unwanted.tenant].number
        let statement = try db.cachedStatement(
            sql: """
                SELECT sequence, at, tenant_key, currency, prompt + completion,
                    cost_high, cost_middle, cost_low
                FROM record WHERE tenant = ? AND sequence < ? ORDER BY sequence LIMIT ?
                """)
        let rows = try Row.fetchCursor(statement, arguments: [tenant, unwanted.end, Self.purgeMax])
        var sums: [[Int64]: PurgedSum] = [:]
        var last: Int64 = 0
        var count = 0
        while let row = try rows.next(), row[1] < cutoff {
            last = row[0]
            count += 1
            let day = WallTime(microseconds: row[1]).day
            let (tenantKey, currency): (Int64, Int64) = (row[2] ?? 0, row[3] ?? 0)
            let empty = PurgedSum(day: day, tenant: tenant, tenantKey: tenantKey, currency: currency)
            sums[[day, tenantKey, currency], default: empty]
                .add(tokens: row[4], row[5] ?? 0, row[6] ?? 0, row[7] ?? 0)
        }
        let firstDay = time.wallTime().day - Self.summedDays
        for sum in sums.values where sum.day >= firstDay { try addPurged(sum) }
        try db.cachedStatement(sql: "DELETE FROM purged WHERE day < ?").execute(arguments: [firstDay])
        try db.cachedStatement(sql: "DELETE FROM record WHERE tenant = ? AND sequence <= ?")
            .execute(arguments: [tenant, last])
        try Fact.nextNumber.write(state.number, db)
        for index in state.tenants[unwanted.tenant].endpoints
        where state.endpoints[index].standing.cursor < last {
            // One that was removed long ago.
            try state.refresh(endpoint: index, db)
            changed.insert(index)
        }
        return count
    }

    /// Those that ended long ago; and what was pending for an endpoint that went as long ago becomes a dead
    /// letter.
    private func purgeDeliveries(endedBefore cutoff: Int64) throws -> Int {
        let ended = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT number, endpoint, state FROM delivery WHERE state > 0 AND at < ? LIMIT ?"),
            arguments: [cutoff, Self.purgeMax])
        for row in ended {
            try db.cachedStatement(sql: "DELETE FROM body WHERE delivery = ?").execute(arguments: [row[0]])
            try db.cachedStatement(sql: "DELETE FROM delivery WHERE number = ?").execute(arguments: [row[0]])
            let index = state.endpoints.firstIndex { $0.number == row[1] }
            guard let index, row[2] == Delivery.State.dead.rawValue else { continue }
            state.endpoints[index].standing.deadLetters -= 1
            changed.insert(index)
        }
        var rows = ended.count
        for index in state.endpoints.indices where rows < Self.purgeMax {
            guard let gone = state.endpoints[index].gone, gone.microseconds < cutoff,
                state.endpoints[index].frozen > 0
            else { continue }
            rows += try giveUp(endpoint: index)
        }
        return rows
    }

    private func giveUp(endpoint index: Int) throws -> Int {
        try db.execute(
            sql: """
                UPDATE delivery SET state = 1, at = ?, error = 'its endpoint was removed' WHERE number IN
                    (SELECT number FROM delivery WHERE endpoint = ? AND state = 0 LIMIT ?)
                """,
            arguments: [time.wallTime().microseconds, state.endpoints[index].number, Self.purgeMax])
        let count = db.changesCount
        try state.refresh(endpoint: index, db)
        changed.insert(index)
        return count
    }

    /// Makes the file smaller where much of it is empty; a little at a time, too.
    private func giveBack(_ db: Database) throws {
        let free = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
        let pages = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        guard free > Self.vacuumPages, free > pages / 8 else { return }
        try db.execute(sql: "PRAGMA incremental_vacuum(\(Self.vacuumPages))")
    }
}

// What is left of records that were purged.
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
        var records: Int64 = 0
        var tokens: Int64 = 0
        var high: Int64 = 0
        var middle: Int64 = 0
        var low: Int64 = 0

        /// One record more. A transaction's records do not fill the lower limbs.
        mutating func add(tokens: Int64, _ high: Int64, _ middle: Int64, _ low: Int64) {
            records += 1
            self.tokens += tokens
            self.high += high
            self.middle += middle
            self.low += low
        }
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
