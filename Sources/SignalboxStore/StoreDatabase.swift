import Glibc
internal import GRDB

/// Connections to a file, and how they are set.
struct StoreDatabase {
    /// Connections that read at the same time.
    static let readersMax = 4
    /// KiB of the file that each connection remembers.
    static let readerCache = 512
    static let writerCache = 1_024
    /// Pages in the log after which it is written back: 8 MiB.
    static let checkpointPages = 2_000
    /// Bytes that the log's file keeps when it was emptied.
    static let logBytesKept = 16 << 20

    let files: StoreFiles

    init(_ files: StoreFiles) {
        self.files = files
    }

    /// Makes the file if there is none, and brings it to this version.
    /// - Throws: `damaged`, `newer`, `disk`.
    func open() throws(StoreError) -> DatabasePool {
        try makePrivate()
        do {
            let pool = try DatabasePool(path: files.database, configuration: Self.configuration)
            guard try !pool.read(StoreSchema.migrator.hasBeenSuperseded) else {
                try pool.close()
                throw StoreError.newer(path: files.database)
            }
            try pool.writeWithoutTransaction { db in
                // GRDB sets it to NORMAL with WAL, which loses the last commits with the machine's power.
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            try StoreSchema.migrator.migrate(pool)
            return pool
        } catch {
            throw StoreError(reading: error)
        }
    }

    /// Writes everything from the log into the file, and takes the log away. The pool alone would close its
    /// readers last, who cannot.
    /// - Returns: whether the log is empty; it is not where the disk is full, or another process reads.
    static func close(_ pool: DatabasePool) throws -> Bool {
        var isEmptied = true
        do {
            try pool.barrierWriteWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        } catch is DatabaseError {
            isEmptied = false
        }
        pool.invalidateReadOnlyConnections()
        try pool.close()
        return isEmptied
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = readersMax
        configuration.prepareDatabase { db in
            guard !db.configuration.readonly else {
                return try db.execute(sql: "PRAGMA cache_size = -\(readerCache)")
            }
            try db.execute(
                sql: """
                    PRAGMA auto_vacuum = INCREMENTAL;
                    PRAGMA cache_size = -\(writerCache);
                    PRAGMA wal_autocheckpoint = \(checkpointPages);
                    PRAGMA journal_size_limit = \(logBytesKept);
                    """)
        }
        return configuration
    }

    /// SQLite gives its other files the rights of this one: records are their owner's alone.
    private func makePrivate() throws(StoreError) {
        let descriptor = Glibc.open(files.database, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreFiles.failure("open", files.database) }
        defer { Glibc.close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw StoreFiles.failure("chmod", files.database) }
    }
}
