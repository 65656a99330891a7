import Glibc
internal import GRDB
import SignalboxCore

/// What the writer does beside writing: old records go, and a disk that was full is tried again.
struct Housekeeping {
    /// From one look at what is old to the next.
    static let passInterval: Duration = .seconds(60)
    /// From one try to the next while the store cannot write.
    static let probeInterval: Duration = .seconds(5)
    /// From one search for room to the next, where the last one found none.
    static let roomInterval: Duration = .seconds(1)
    /// Records that may be written before the size is looked at again: about 64 KiB.
    static let recordsUnmeasuredMax = 64
    /// Bytes that must be free on the disk before the store calls itself healthy again.
    static let diskFreeMin = 4 << 20

    /// Whether the next step is due at once.
    var hasMore = false
    var passAt = Instant.past
    var probeAt = Instant.past
    /// Before it there is no use in looking for room: somebody waits for everything.
    var roomAt = Instant.past
    /// Bytes of the database that are in use, or were when it was last asked.
    private(set) var used = 0
    private var recordsSince = 0
    private let sizeMax: Int

    init(_ settings: StoreSettings) {
        sizeMax = settings.sizeMax
    }

    /// Asking costs six locks of the file, more than a small commit's own. So it is asked now and then, and
    /// each time where the end is near.
    mutating func measure(_ db: Database, after records: Int) throws {
        recordsSince += records
        if recordsSince >= Self.recordsUnmeasuredMax || used == 0 || isTight { try measure(db) }
    }

    mutating func measure(_ db: Database) throws {
        recordsSince = 0
        let pages = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_count")) ?? 0
        let free = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA freelist_count")) ?? 0
        let size = try Int.fetchOne(db.cachedStatement(sql: "PRAGMA page_size")) ?? 0
        used = (pages - free) * size
    }

    var isFull: Bool { used >= sizeMax }
    /// From here on what nobody waits for goes, oldest first, so that it never comes to the above.
    var isTight: Bool { used >= sizeMax - sizeMax / 16 }
}

extension WriterLoop {
    func keepHouse() {
        let now = writer.time.now()
        if board.condition != .healthy { probe(at: now) }
        if now >= housekeeping.passAt { housekeeping.hasMore = true }
        if housekeeping.isTight, now >= housekeeping.roomAt { housekeeping.hasMore = true }
        if housekeeping.hasMore, canPurge { purge(at: now) } else { housekeeping.hasMore = false }
        if housekeeping.isFull, board.condition == .healthy {
            set(.full(.full(sizeMax: writer.settings.sizeMax)))
        }
    }

    /// Purging frees room in the file, which helps where the file is full, not where the disk is.
    private var canPurge: Bool {
        switch board.condition {
        case .healthy, .full(.full): true
        case .full: false
        }
    }

    /// One step; there is more where it found something.
    private func purge(at now: Instant) {
        do {
            let forRoom = housekeeping.isTight
            let purged = try opened.pool.writeWithoutTransaction { db in
                let purged = try writer.purge(forRoom: forRoom, db)
                try housekeeping.measure(db)
                return purged
            }
            board.publish(writer.changed, of: writer.state)
            if purged.records > 0 { observer.purged(records: purged.records, forRoom: purged.forRoom) }
            housekeeping.hasMore = purged.rows > 0
            if purged.rows == 0 {
                housekeeping.passAt = now.advanced(by: Housekeeping.passInterval)
                if forRoom { housekeeping.roomAt = now.advanced(by: Housekeeping.roomInterval) }
            }
            if !housekeeping.isTight, case .full(.full) = board.condition { set(.healthy) }
        } catch {
            housekeeping.hasMore = false
            housekeeping.passAt = now.advanced(by: Housekeeping.passInterval)
            set(.full(StoreError(reading: error)))
        }
    }

    /// Looks whether records can be kept again.
    private func probe(at now: Instant) {
        guard now >= housekeeping.probeAt, case .full(let error) = board.condition else { return }
        switch error {
        case .full:
            if housekeeping.isFull { return set(.full(error)) }
        case .damaged, .closed:
            // Nothing mends it but the next start.
            return
        case .disk, .backlog, .inUse, .newer, .unknown, .refused, .encoding:
            if let failure = probeDisk() { return set(.full(failure)) }
        }
        set(.healthy)
    }

    /// Writes a little, where the disk has room for more than that.
    private func probeDisk() -> StoreError? {
        var disk = statvfs()
        if statvfs(opened.files.directory, &disk) == 0 {
            let free = Int(disk.f_bavail) * Int(disk.f_frsize)
            if free < Housekeeping.diskFreeMin { return .disk("\(free) bytes are free") }
        }
        do {
            try opened.pool.writeWithoutTransaction { db in
                try writer.transaction(db) {
                    try Fact.probe.write(writer.time.wallTime().microseconds, db)
                }
            }
            return nil
        } catch {
            return StoreError(reading: error)
        }
    }
}
