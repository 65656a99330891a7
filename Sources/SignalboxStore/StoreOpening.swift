import Glibc
internal import GRDB
import SignalboxCore

/// An open file, and what must be given back when it is closed.
struct OpenedStore: Sendable {
    let pool: DatabasePool
    let lock: StoreLock
    let state: StoreState
    let findings: [StoreFinding]
    let files: StoreFiles
}

/// The way to an open file, past whatever has happened to it.
struct StoreOpening {
    /// How long the program's start may take to read a file that was not closed.
    static let checkTimeMax: Duration = .seconds(10)

    let settings: StoreSettings
    let time: any TimeSource
    let files: StoreFiles
    var checkTimeMax = checkTimeMax

    init(_ settings: StoreSettings, time: any TimeSource) {
        self.settings = settings
        self.time = time
        files = StoreFiles(settings.directory)
    }

    func open() throws(StoreError) -> OpenedStore {
        guard mkdir(files.directory, 0o700) == 0 || errno == EEXIST else {
            throw StoreFiles.failure("mkdir", files.directory)
        }
        let lock = try StoreLock(files)
        do throws(StoreError) {
            return try open(under: lock)
        } catch {
            lock.release()
            throw error
        }
    }

    private func open(under lock: StoreLock) throws(StoreError) -> OpenedStore {
        var findings: [StoreFinding] = []
        try finishSalvage()
        let exists = (StoreFiles.size(of: files.database) ?? 0) > 0
        let isClean = try files.takeCleanMark()
        var areNumbersSure = true
        if !exists {
            areNumbersSure = !lock.isKnownPlace
            if lock.isKnownPlace { findings.append(missingFile) }
            try setLogAside(because: nil, &findings)
        } else if !isClean, let words = try logDamage() {
            areNumbersSure = false
            try setLogAside(because: words, &findings)
        }
        if StoreFiles.size(of: files.restoredMark) != nil {
            areNumbersSure = false
            findings.append(restoredFile)
        }
        var pool: DatabasePool
        do throws(StoreError) {
            pool = try StoreDatabase(files).open()
            if exists, !isClean, let finding = try StoreCheck(checkTimeMax).run(pool) {
                findings.append(finding)
            }
        } catch .damaged(let words) {
            let salvage = StoreSalvage(files, settings, time: time)
            let result = try salvage.run(because: words)
            findings += result.findings
            areNumbersSure = areNumbersSure && result.isComplete
            pool = try StoreDatabase(files).open()
        }
        let state = try startState(pool, areNumbersSure: areNumbersSure)
        try StoreFiles.remove(files.restoredMark)
        try files.syncDirectory()
        return OpenedStore(pool: pool, lock: lock, state: state, findings: findings, files: files)
    }

    /// Reads what the writer begins with. Where sequences may have been given out that are forgotten, all
    /// tenants go on from the present time in microseconds: nobody has had that many records.
    private func startState(
        _ pool: DatabasePool, areNumbersSure: Bool
    ) throws(StoreError) -> StoreState {
        do {
            if !areNumbersSure {
                let floor = time.wallTime().microseconds
                try pool.write { db in
                    try Fact.sequenceFloor.write(floor, db)
                    try db.execute(
                        sql: "UPDATE tenant SET last = max(last, ?)", arguments: [floor])
                }
            }
            return try pool.read { try StoreState(reading: $0) }
        } catch {
            throw StoreError(reading: error)
        }
    }
}

// Files that are not as they should be.
extension StoreOpening {
    /// Names for what is set aside.
    static func damagedName(_ path: String, _ time: any TimeSource) -> String {
        "\(path).damaged-\(time.wallTime().microseconds)"
    }

    private var missingFile: StoreFinding {
        StoreFinding(
            kind: .lost,
            message:
                "\(files.database) is missing or empty though there was one: the ledger begins anew, its "
                + "sequences after those of all times before")
    }

    private var restoredFile: StoreFinding {
        StoreFinding(
            kind: .lost,
            message:
                "\(files.database) is a backup: what was recorded after it is missing, and sequences go on "
                + "after those of all times before")
    }

    private func logDamage() throws(StoreError) -> String? {
        let log = try StoreFiles.read(files.log, bytesMax: LogInspection.bytesMax)
        let index = try StoreFiles.read(files.index, bytesMax: 4_096)
        switch LogInspection(log: log, index: index).verdict {
        case .empty, .whole: return nil
        case .damaged(let words): return words
        }
    }

    /// Keeps a copy of the log: SQLite takes of it what it can, and overwrites it.
    private func setLogAside(because words: String?, _ findings: inout [StoreFinding]) throws(StoreError) {
        guard let size = StoreFiles.size(of: files.log), size > 0 || words != nil else { return }
        let place = Self.damagedName(files.log, time)
        if size > 0 { try StoreFiles.write(StoreFiles.read(files.log, bytesMax: .max), to: place) }
        let loss = StoreFinding(
            kind: .lost,
            message:
                "the log of \(files.database) is damaged (\(words ?? "its file is gone")): the last records "
                + "of all tenants may be missing, and sequences go on after those of all times before")
        findings.append(loss)
        if size > 0 {
            findings.append(StoreFinding(kind: .setAside, message: "a copy of that log is \(place)"))
        }
    }

    /// A salvage that was cut short begins anew; one that had only its files' names to change is ended.
    private func finishSalvage() throws(StoreError) {
        for suffix in ["", "-wal", "-shm"] {
            try StoreFiles.remove(files.salvage.database + suffix)
        }
        guard StoreFiles.size(of: files.salvaged) != nil else { return }
        if StoreFiles.size(of: files.database) == nil {
            try StoreFiles.move(files.salvaged, to: files.database)
        } else {
            try StoreFiles.remove(files.salvaged)
        }
        try files.syncDirectory()
    }
}
