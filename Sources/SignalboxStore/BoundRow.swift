internal import GRDB
import GRDBSQLite

/// Parameters bound in order, by hand: GRDB's own would make an array of boxed values for each row.
struct BoundRow {
    private let statement: SQLiteStatement
    private var place: Int32 = 0

    /// The statement must not be running.
    init(_ statement: SQLiteStatement) {
        self.statement = statement
    }

    mutating func bind(_ value: Int64) {
        place += 1
        sqlite3_bind_int64(statement, place, value)
    }

    mutating func bind(_ value: Int64?) {
        guard let value else {
            place += 1
            sqlite3_bind_null(statement, place)
            return
        }
        bind(value)
    }

    /// Binds the last parameter, which SQLite reads from where it is, and runs the statement.
    mutating func insert(_ bytes: [UInt8], _ db: Database) throws {
        place += 1
        try bytes.withUnsafeBytes {
            sqlite3_bind_blob64(statement, place, $0.baseAddress, UInt64($0.count), nil)
            try step(db)
        }
    }

    func step(_ db: Database) throws {
        let result = sqlite3_step(statement)
        guard result == SQLITE_DONE else {
            let error = DatabaseError(
                resultCode: db.lastErrorCode == .SQLITE_OK ? ResultCode(rawValue: result) : db.lastErrorCode,
                message: db.lastErrorMessage)
            // It says again what the step said.
            sqlite3_reset(statement)
            throw error
        }
        sqlite3_reset(statement)
    }
}

/// Numbers of names, as many as usual remembered.
struct NameTable {
    /// Names come from configuration: more than these are looked up in the file each time.
    private static let rememberedMax = 4_096

    private var numbers: [String: Int64] = [:]

    mutating func number(of name: String, _ db: Database) throws -> Int64 {
        if let number = numbers[name] { return number }
        let number = try Self.find(name, db) ?? Self.add(name, db)
        if numbers.count >= Self.rememberedMax { numbers.removeAll(keepingCapacity: true) }
        numbers[name] = number
        return number
    }

    /// A transaction that was lost may have added some.
    mutating func forget() {
        numbers.removeAll(keepingCapacity: true)
    }

    static func find(_ name: String, _ db: Database) throws -> Int64? {
        try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT number FROM name WHERE text = ?"), arguments: [name])
    }

    private static func add(_ name: String, _ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: "INSERT INTO name (text) VALUES (?)").execute(arguments: [name])
        return db.lastInsertedRowID
    }
}
