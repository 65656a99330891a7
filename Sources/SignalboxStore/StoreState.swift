internal import GRDB
import SignalboxCore

/// What the writer keeps in memory of the file: one entry a tenant and an endpoint, none a record.
///
/// Read from the file when it is opened, and again after a transaction was lost.
struct StoreState {
    struct Tenant {
        let number: Int64
        let name: String
        /// The last sequence that was given out.
        var last: Int64
        /// Indices of `endpoints`.
        var endpoints: [Int] = []
        /// Whether this transaction gave out sequences.
        var isTouched = false
    }

    struct Endpoint {
        let number: Int64
        let tenant: Int
        /// Records of pending deliveries.
        var frozen: Int64 = 0
        /// Records that no delivery has yet.
        var waiting: Int64 = 0
        var standing: EndpointStanding
        /// When the configuration left it out.
        var gone: WallTime?
    }

    var tenants: [Tenant] = []
    var tenantIndices: [String: Int] = [:]
    var endpoints: [Endpoint] = []
    var endpointIndices: [String: Int] = [:]
    /// Of the next record.
    var number: Int64 = 1
    /// A tenant that is not known yet begins after it.
    var sequenceFloor: Int64 = 0

    init() {}

    init(reading db: Database) throws {
        number = (try Int64.fetchOne(db, sql: "SELECT max(number) FROM record") ?? 0) + 1
        // Records that were purged had numbers too.
        number = max(number, try Fact.nextNumber.read(db) ?? 1)
        sequenceFloor = try Fact.sequenceFloor.read(db) ?? 0
        var indices: [Int64: Int] = [:]
        let tenantRows = try Row.fetchCursor(db, sql: "SELECT number, name, last FROM tenant")
        while let row = try tenantRows.next() {
            indices[row[0]] = tenants.count
            add(Tenant(number: row[0], name: row[1], last: row[2]))
        }
        let endpointRows = try Row.fetchAll(
            db, sql: "SELECT number, name, tenant, cursor, disabled, gone FROM endpoint")
        for row in endpointRows {
            guard let tenant = indices[row[2]] else { continue }
            var standing = EndpointStanding(name: row[1], tenant: tenants[tenant].name)
            standing.cursor = row[3]
            standing.disabled = row[4]
            standing.isRegistered = row[5] == nil
            let gone = (row[5] as Int64?).map(WallTime.init(microseconds:))
            add(Endpoint(number: row[0], tenant: tenant, standing: standing, gone: gone))
        }
        for index in endpoints.indices { try refresh(endpoint: index, db) }
    }

    mutating func add(_ tenant: Tenant) {
        tenantIndices[tenant.name] = tenants.count
        tenants.append(tenant)
    }

    mutating func add(_ endpoint: Endpoint) {
        endpointIndices[endpoint.standing.name] = endpoints.count
        tenants[endpoint.tenant].endpoints.append(endpoints.count)
        endpoints.append(endpoint)
    }

    /// Counts anew what waits for an endpoint.
    mutating func refresh(endpoint index: Int, _ db: Database) throws {
        let number = endpoints[index].number
        endpoints[index].frozen =
            try Int64.fetchOne(
                db, sql: "SELECT sum(records) FROM delivery WHERE endpoint = ? AND state = 0",
                arguments: [number]) ?? 0
        endpoints[index].standing.deadLetters =
            try Int64.fetchOne(
                db, sql: "SELECT count(*) FROM delivery WHERE endpoint = ? AND state = 1", arguments: [number]
            ) ?? 0
        endpoints[index].waiting =
            try Int64.fetchOne(
                db, sql: "SELECT count(*) FROM record WHERE tenant = ? AND sequence > ?",
                arguments: [tenants[endpoints[index].tenant].number, endpoints[index].standing.cursor]) ?? 0
        try refreshOldest(endpoint: index, db)
    }

    /// Two look-ups in an index, whatever is pending.
    mutating func refreshOldest(endpoint index: Int, _ db: Database) throws {
        let endpoint = endpoints[index]
        let frozen = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT min(oldest) FROM delivery WHERE endpoint = ? AND state = 0"),
            arguments: [endpoint.number])
        let waiting = try Int64.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT at FROM record WHERE tenant = ? AND sequence > ? ORDER BY sequence LIMIT 1
                    """),
            arguments: [tenants[endpoint.tenant].number, endpoint.standing.cursor])
        let oldest = [frozen, waiting].compactMap { $0 }.min()
        endpoints[index].standing.oldest = oldest.map(WallTime.init(microseconds:))
        endpoints[index].standing.pending = endpoint.frozen + endpoint.waiting
    }
}

/// Numbers that the file keeps about itself.
enum Fact: String {
    case sequenceFloor = "sequence_floor"
    case nextNumber = "next_number"
    case probe

    func read(_ db: Database) throws -> Int64? {
        try Int64.fetchOne(db, sql: "SELECT value FROM fact WHERE name = ?", arguments: [rawValue])
    }

    func write(_ value: Int64, _ db: Database) throws {
        try db.cachedStatement(sql: "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)")
            .execute(arguments: [rawValue, value])
    }
}

extension WallTime {
    init(microseconds: Int64) {
        self.init(nanosecondsSince1970: microseconds * 1_000)
    }

    var microseconds: Int64 {
        let (quotient, remainder) = nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000)
        return quotient - (remainder < 0 ? 1 : 0)
    }
}
