import Glibc
internal import GRDB
import SignalboxCore

/// An open file, and what must be given back when it is closed.
struct OpenedStore: Sendable {
    let pool: DatabasePool
    let lock: Int32
    let state: StoreState
    var findings: [StoreFinding] = []
    let files: StoreFiles

    func close() {
        do {
            try pool.close()
        } catch {
            return
        }
        Glibc.close(lock)
    }
}

/// The way to an open file.
struct StoreOpening {
    let settings: StoreSettings
    let time: any TimeSource
    let files: StoreFiles

    init(_ settings: StoreSettings, time: any TimeSource) {
        self.settings = settings
        self.time = time
        files = StoreFiles(settings.directory)
    }

    func open() throws(StoreError) -> OpenedStore {
        if mkdir(files.directory, 0o755) != 0, errno != EEXIST {
            throw .disk("mkdir \(files.directory): \(String(cString: strerror(errno)))")
        }
        let lock = try takeLock()
        do {
            let pool = try DatabasePool(path: files.database, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
            }
            try StoreSchema.migrator.migrate(pool)
            let state = try pool.read { try StoreState(reading: $0) }
            return OpenedStore(pool: pool, lock: lock, state: state, files: files)
        } catch {
            close(lock)
            throw StoreError(reading: error)
        }
    }

    private func takeLock() throws(StoreError) -> Int32 {
        let lock = Glibc.open(files.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .disk("open \(files.lock): \(String(cString: strerror(errno)))") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let owner = owner(lock)
            Glibc.close(lock)
            throw .inUse(path: files.directory, process: owner)
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(lock, 0) == 0, pwrite(lock, text, text.count, 0) == text.count else {
            let error = StoreError.disk("write \(files.lock): \(String(cString: strerror(errno)))")
            Glibc.close(lock)
            throw error
        }
        return lock
    }

    private func owner(_ lock: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(lock, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text.prefix(count).prefix { $0 != 0x0A }, as: UTF8.self))
    }

    private var configuration: Configuration {
        var configuration = Configuration()
        configuration.maximumReaderCount = 4
        configuration.prepareDatabase { db in
            if db.configuration.readonly {
                try db.execute(sql: "PRAGMA cache_size = -512")
            } else {
                try db.execute(
                    sql: """
                        PRAGMA auto_vacuum = INCREMENTAL;
                        PRAGMA wal_autocheckpoint = 2000;
                        PRAGMA journal_size_limit = 16777216;
                        """)
            }
        }
        return configuration
    }
}
