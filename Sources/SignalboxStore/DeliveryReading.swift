internal import GRDB
import SignalboxCore

/// Deliveries as the file has them.
enum DeliveryReading {
    struct Stored {
        var number: Int64
        var oldest: Int64
        var header: Delivery.Header
    }

    private static let selection = """
        SELECT d.number, d.oldest, d.id, e.name, t.name, d.first, d.last, d.records, d.bytes, d.note, d.state,
            d.attempts, d.created, d.at, d.error, d.origin
        FROM delivery d JOIN endpoint e ON e.number = d.endpoint JOIN tenant t ON t.number = e.tenant
        """

    static func row(of id: String, _ db: Database) throws -> Stored {
        let statement = try db.cachedStatement(sql: "\(selection) WHERE d.id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            throw StoreError.unknown("delivery \(id)")
        }
        return stored(row)
    }

    static func header(of id: String, _ db: Database) throws -> Delivery.Header {
        try row(of: id, db).header
    }

    static func body(of id: String, _ db: Database) throws -> [UInt8] {
        let statement = try db.cachedStatement(
            sql: "SELECT b.bytes FROM body b JOIN delivery d ON d.number = b.delivery WHERE d.id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            throw StoreError.unknown("body of delivery \(id)")
        }
        return try row.withUnsafeData(atIndex: 0) { $0.map(Array.init) ?? [] }
    }

    static func due(
        at time: WallTime, endpoint: String?, limit: Int, _ db: Database
    ) throws -> [Delivery.Header] {
        if let endpoint {
            // All that is pending for it is walked in its order: it is little, as deliveries are batches.
            return try headers(
                "WHERE d.state = 0 AND e.name = ? AND d.at <= ? ORDER BY d.number LIMIT ?",
                [endpoint, time.microseconds, limit], db)
        }
        return try headers(
            "WHERE d.state = 0 AND d.at <= ? ORDER BY d.at, d.number LIMIT ?", [time.microseconds, limit], db)
    }

    static func nextDue(endpoint: String?, _ db: Database) throws -> WallTime? {
        var sql = "SELECT min(d.at) FROM delivery d WHERE d.state = 0"
        var arguments: StatementArguments = []
        if let endpoint {
            sql += " AND d.endpoint = (SELECT number FROM endpoint WHERE name = ?)"
            arguments = [endpoint]
        }
        let at = try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: arguments)
        return at.map(WallTime.init(microseconds:))
    }

    static func ended(
        _ state: Delivery.State, endpoint: String?, after: String?, limit: Int, _ db: Database
    ) throws -> [Delivery.Header] {
        let number = try after.map { try row(of: $0, db).number } ?? 0
        if let endpoint {
            return try headers(
                "WHERE d.state = ? AND e.name = ? AND d.number > ? ORDER BY d.number LIMIT ?",
                [state.rawValue, endpoint, number, limit], db)
        }
        return try headers(
            "WHERE d.state = ? AND d.number > ? ORDER BY d.number LIMIT ?", [state.rawValue, number, limit],
            db)
    }

    private static func headers(
        _ condition: String, _ arguments: StatementArguments, _ db: Database
    ) throws -> [Delivery.Header] {
        let statement = try db.cachedStatement(sql: "\(selection) \(condition)")
        return try Row.fetchAll(statement, arguments: arguments).map { stored($0).header }
    }

    private static func stored(_ row: Row) -> Stored {
        let state: Int = row[10]
        return Stored(
            number: row[0], oldest: row[1],
            header: Delivery.Header(
                id: row[2], endpoint: row[3], tenant: row[4], first: row[5], last: row[6], records: row[7],
                bytes: row[8], note: row[9], state: Delivery.State(rawValue: state) ?? .dead,
                attempts: row[11], created: WallTime(microseconds: row[12]),
                next: WallTime(microseconds: row[13]), error: row[14], origin: row[15]))
    }
}
