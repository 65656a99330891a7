internal import GRDB
import GRDBSQLite
import SignalboxCore

/// Writes records and whatever else the store is asked to, one transaction after the other.
///
/// `@unchecked Sendable`: the writer's thread alone touches it, inside the connection's own queue.
final class LedgerWriter: @unchecked Sendable {
    let settings: StoreSettings
    let time: any TimeSource
    /// As the current transaction leaves it; what was there before comes back where it is lost.
    var state: StoreState
    /// Endpoints whose standing this transaction has changed.
    var changed: Set<Int> = []
    private var touched: [Int] = []
    var random = FastRandom()
    private var names = NameTable()
    private var json: [UInt8] = []
    private var current: Database?

    init(_ settings: StoreSettings, time: any TimeSource, state: StoreState) {
        self.settings = settings
        self.time = time
        self.state = state
        json.reserveCapacity(2_048)
    }

    /// The connection, inside a transaction.
    var db: Database {
        guard let current else { preconditionFailure("there is no transaction") }
        return current
    }

    /// Everything or nothing: `body` throws a `DatabaseError` where the disk did, which undoes it all.
    func transaction(_ db: Database, _ body: () throws -> Void) throws {
        let before = state
        changed.removeAll(keepingCapacity: true)
        touched.removeAll(keepingCapacity: true)
        current = db
        defer { current = nil }
        do {
            try db.beginTransaction(.immediate)
            try body()
            try finishTenants()
            try db.commit()
        } catch {
            state = before
            changed.removeAll()
            touched.removeAll()
            names.forget()
            // SQLite has undone it already where the disk is full or broken.
            if db.isInsideTransaction { try db.rollback() }
            throw error
        }
    }

    /// Tenants with an endpoint that the last transaction gave records to.
    var tenantsWithNews: Set<String> {
        Set(
            touched.lazy.filter { !self.state.tenants[$0].endpoints.isEmpty }.map {
                self.state.tenants[$0].name
            })
    }
}

// What is inside a transaction.
extension LedgerWriter {
    /// Gives it the tenant's next sequence.
    func append(_ record: UsageRecord, with statement: Statement) throws {
        let tenant = try tenantIndex(of: record.tenant)
        if !state.tenants[tenant].isTouched {
            state.tenants[tenant].isTouched = true
            touched.append(tenant)
        }
        let sequence = state.tenants[tenant].last + 1
        state.tenants[tenant].last = sequence
        json.removeAll(keepingCapacity: true)
        record.appendJSON(sequence: sequence, to: &json)
        try insert(
            record, number: state.number, tenant: state.tenants[tenant].number, sequence: sequence, json,
            with: statement)
        state.number += 1
        for endpoint in state.tenants[tenant].endpoints {
            changed.insert(endpoint)
            state.endpoints[endpoint].waiting += 1
            if state.endpoints[endpoint].standing.oldest == nil {
                state.endpoints[endpoint].standing.oldest = record.timestamp
            }
        }
    }

    func insert(
        _ record: UsageRecord, number: Int64, tenant: Int64, sequence: Int64, _ json: [UInt8],
        with statement: Statement
    ) throws {
        var row = BoundRow(statement.sqliteStatement)
        row.bind(number)
        row.bind(tenant)
        row.bind(sequence)
        row.bind(record.timestamp.microseconds)
        row.bind(try names.number(of: record.provider, db))
        row.bind(try names.number(of: record.model, db))
        row.bind(try names.number(of: record.key, db))
        row.bind(try record.tenantKey.map { try names.number(of: $0, db) })
        row.bind(record.outcome.number)
        row.bind(Int64(record.usage?.promptTokens ?? 0))
        row.bind(Int64(record.usage?.completionTokens ?? 0))
        row.bind(Int64(record.usage?.cachedTokens ?? 0))
        row.bind(Int64(record.usage?.cacheWriteTokens ?? 0))
        row.bind(Int64(record.usage?.reasoningTokens ?? 0))
        let limbs = record.cost.map { CostLimbs($0.nano) }
        row.bind(try record.cost.map { try names.number(of: $0.currency, db) })
        row.bind(limbs?.high)
        row.bind(limbs?.middle)
        row.bind(limbs?.low)
        try row.insert(json, db)
    }

    static let insertion = """
        INSERT INTO record (number, tenant, sequence, at, provider, model, key, tenant_key, outcome,
            prompt, completion, cached, cache_write, reasoning,
            currency, cost_high, cost_middle, cost_low, json)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    func tenantIndex(of name: String) throws -> Int {
        if let index = state.tenantIndices[name] { return index }
        try db.execute(
            sql: "INSERT INTO tenant (name, last) VALUES (?, ?)", arguments: [name, state.sequenceFloor])
        state.add(
            StoreState.Tenant(number: db.lastInsertedRowID, name: name, last: state.sequenceFloor))
        return state.tenants.count - 1
    }

    func number(of name: String) throws -> Int64 {
        try names.number(of: name, db)
    }

    private func finishTenants() throws {
        guard !touched.isEmpty else { return }
        let update = try db.cachedStatement(sql: "UPDATE tenant SET last = ? WHERE number = ?")
        for index in touched {
            state.tenants[index].isTouched = false
            let tenant = state.tenants[index]
            var row = BoundRow(update.sqliteStatement)
            row.bind(tenant.last)
            row.bind(tenant.number)
            try row.step(db)
        }
        for endpoint in changed {
            let (waiting, frozen) = (state.endpoints[endpoint].waiting, state.endpoints[endpoint].frozen)
            state.endpoints[endpoint].standing.pending = waiting + frozen
        }
    }
}

extension UsageRecord.Outcome {
    /// As it is stored: never changed, only added to.
    var number: Int64 {
        switch self {
        case .success: 0
        case .failure: 1
        case .interrupted: 2
        case .cancelled: 3
        }
    }

    init?(number: Int64) {
        guard let outcome = Self.allCases.first(where: { $0.number == number }) else { return nil }
        self = outcome
    }
}

// What is brought in from a damaged file.
extension LedgerWriter {
    /// Makes sure that a tenant's next sequence is after this one.
    func raise(_ tenant: Int, to last: Int64) throws {
        guard state.tenants[tenant].last < last else { return }
        state.tenants[tenant].last = last
        try db.cachedStatement(sql: "UPDATE tenant SET last = ? WHERE number = ?")
            .execute(arguments: [last, state.tenants[tenant].number])
    }
}
