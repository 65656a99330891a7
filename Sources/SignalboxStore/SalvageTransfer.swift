internal import GRDB
import SignalboxCore

/// Copies table after table, as far as they can be read.
struct SalvageTransfer {
    private static let recordsPerCommit = 1_000

    private let source: Database
    private let target: Database
    private let writer: LedgerWriter
    var report = SalvageReport()
    /// Numbers of the damaged file, and what they are in the new one.
    private var tenants: [Int64: Int64] = [:]
    private var endpoints: [Int64: Int64] = [:]

    init(from source: Database, to target: Database, _ writer: LedgerWriter) {
        self.source = source
        self.target = target
        self.writer = writer
    }

    mutating func run() throws {
        try copyTenants()
        try copyRecords()
        try target.inTransaction {
            try copyEndpoints()
            try copyDeliveries()
            return .commit
        }
        try copyPurged()
    }

    private mutating func copyTenants() throws {
        var rows: [(number: Int64, name: String, last: Int64)] = []
        var nonsense = 0
        let breaks = try SalvageWalk(source, "tenant", ["name", "last"]).run { number, values in
            guard let name = String.fromDatabaseValue(values[0]),
                let last = Int64.fromDatabaseValue(values[1])
            else { return nonsense += 1 }
            rows.append((number, name, last))
        }
        note("tenant", breaks, nonsense)
        try writer.transaction(target) {
            for row in rows {
                let index = try writer.tenantIndex(of: row.name)
                try writer.raise(index, to: row.last)
                tenants[row.number] = writer.state.tenants[index].number
            }
        }
    }

    private mutating func copyRecords() throws {
        var page: [SalvagedRecord] = []
        var nonsense = 0
        var report = report
        let breaks = try SalvageWalk(source, "record", ["sequence", "json"]).run { number, values in
            guard let record = SalvagedRecord(number, values) else { return nonsense += 1 }
            report.add(record.sequence, of: record.record.tenant)
            page.append(record)
            if page.count == Self.recordsPerCommit {
                try keep(page)
                page.removeAll(keepingCapacity: true)
            }
        }
        try keep(page)
        self.report = report
        note("record", breaks, nonsense)
    }

    private func keep(_ page: [SalvagedRecord]) throws {
        try writer.transaction(target) {
            let statement = try target.cachedStatement(sql: LedgerWriter.insertion)
            for kept in page {
                let index = try writer.tenantIndex(of: kept.record.tenant)
                try writer.raise(index, to: kept.sequence)
                try writer.insert(
                    kept.record, number: kept.number, tenant: writer.state.tenants[index].number,
                    sequence: kept.sequence, kept.json, with: statement)
            }
        }
    }

    private mutating func note(_ table: String, _ breaks: Int, _ nonsense: Int) {
        if breaks > 0 { report.breaks[table, default: 0] += breaks }
        if nonsense > 0 { report.nonsense[table, default: 0] += nonsense }
    }
}

// The outbox.
extension SalvageTransfer {
    private mutating func copyEndpoints() throws {
        var nonsense = 0
        var found: [Int64: Int64] = [:]
        let columns = ["name", "tenant", "cursor", "disabled", "gone"]
        let breaks = try SalvageWalk(source, "endpoint", columns).run { number, values in
            guard let tenant = Int64.fromDatabaseValue(values[1]).flatMap({ tenants[$0] }) else {
                return nonsense += 1
            }
            try target.execute(
                sql: "INSERT INTO endpoint (name, tenant, cursor, disabled, gone) VALUES (?, ?, ?, ?, ?)",
                arguments: [values[0], tenant, values[2], values[3], values[4]])
            found[number] = target.lastInsertedRowID
        }
        endpoints = found
        report.endpoints = found.count
        note("endpoint", breaks, nonsense)
    }

    private mutating func copyDeliveries() throws {
        var nonsense = 0
        var emptied: [String] = []
        var count = 0
        let columns = [
            "id", "endpoint", "first", "last", "records", "bytes", "note", "state", "attempts", "created",
            "at", "oldest", "error", "origin",
        ]
        let breaks = try SalvageWalk(source, "delivery", columns).run { number, values in
            guard let endpoint = Int64.fromDatabaseValue(values[1]).flatMap({ endpoints[$0] }),
                let id = String.fromDatabaseValue(values[0]),
                var state = Int.fromDatabaseValue(values[7]).flatMap(Delivery.State.init)
            else { return nonsense += 1 }
            var values = values
            values[1] = endpoint.databaseValue
            let body = try bytes(of: number, length: Int.fromDatabaseValue(values[5]))
            if body == nil, state == .pending || state == .dead {
                emptied.append(id)
                state = .dead
                values[12] = "its bytes were damaged on disk".databaseValue
            }
            values[7] = state.rawValue.databaseValue
            try target.execute(
                sql: """
                    INSERT INTO delivery (\(columns.joined(separator: ", ")))
                    VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
                    """, arguments: StatementArguments(values))
            count += 1
            guard let body, state == .pending || state == .dead else { return }
            try target.execute(
                sql: "INSERT INTO body (delivery, bytes) VALUES (?, ?)",
                arguments: [target.lastInsertedRowID, body])
        }
        report.emptied = emptied
        report.deliveries = count
        note("delivery", breaks, nonsense)
    }

    /// Nil where they are not what was written, as far as that can be told.
    private func bytes(of delivery: Int64, length: Int?) throws -> DatabaseValue? {
        do {
            let value = try DatabaseValue.fetchOne(
                source, sql: "SELECT bytes FROM body WHERE delivery = ? AND length(bytes) = ?",
                arguments: [delivery, length])
            guard case .blob? = value?.storage else { return nil }
            return value
        } catch let error as DatabaseError where SalvageWalk.isDamage(error) {
            return nil
        }
    }

    /// Sums of what was purged: they have no numbers to go on from, so a break ends them.
    private mutating func copyPurged() throws {
        do {
            let rows = try Row.fetchAll(source, sql: "SELECT * FROM purged")
            var names: [Int64: String] = [:]
            for row in try Row.fetchAll(source, sql: "SELECT number, text FROM name") {
                guard let number = Int64.fromDatabaseValue(row[0]) else { continue }
                names[number] = String.fromDatabaseValue(row[1])
            }
            try writer.transaction(target) {
                for row in rows { try writer.restorePurged(row, names: names, tenants: tenants) }
            }
        } catch let error as DatabaseError where SalvageWalk.isDamage(error) {
            note("purged", 1, 0)
        }
    }
}

/// A record whose bytes are still a record's.
private struct SalvagedRecord {
    let number: Int64
    let sequence: Int64
    let record: UsageRecord
    let json: [UInt8]

    init?(_ number: Int64, _ values: [DatabaseValue]) {
        guard let sequence = Int64.fromDatabaseValue(values[0]), case .blob(let data) = values[1].storage
        else { return nil }
        json = Array(data)
        do {
            record = try UsageRecord(json: json)
        } catch {
            return nil
        }
        self.number = number
        self.sequence = sequence
    }
}
