internal import GRDB
import SignalboxCore

/// Takes what waits, writes it, tells those who wait; and keeps house in between.
///
///     healthy ──commit fails──▶ full ──probe succeeds──▶ healthy
///
/// `@unchecked Sendable`: the writer's thread alone touches it.
final class WriterLoop: @unchecked Sendable {
    /// How long the thread sleeps while nothing is to do.
    private static let idle: Duration = .seconds(30)

    let opened: OpenedStore
    let writer: LedgerWriter
    let inbox: Inbox
    let board: StoreBoard
    let observer: any StoreObserver
    private let end: CommitGroup
    private let clock = SystemTime()
    var housekeeping: Housekeeping

    init(
        _ opened: OpenedStore, _ writer: LedgerWriter, inbox: Inbox, board: StoreBoard,
        observer: any StoreObserver, end: CommitGroup
    ) {
        self.opened = opened
        self.writer = writer
        self.inbox = inbox
        self.board = board
        self.observer = observer
        self.end = end
        housekeeping = Housekeeping(writer.settings)
    }

    func run() {
        while let batch = inbox.take(until: clock.now().advanced(by: pause)) {
            commit(batch)
            inbox.finish(batch)
            keepHouse()
        }
        close()
        end.settle(nil)
    }

    /// A file that is closed in health needs no check at the next start.
    private func close() {
        do {
            let isEmptied = try StoreDatabase.close(opened.pool)
            if isEmptied, board.condition == .healthy { try opened.files.leaveCleanMark() }
        } catch {
            _ = board.set(.full(StoreError(reading: error)))
        }
        opened.lock.release()
    }

    /// The system's clock wakes the thread; whether something is due, the injected one says.
    private var pause: Duration {
        if housekeeping.hasMore { return .zero }
        return board.condition == .healthy ? Self.idle : .seconds(1)
    }

    private func commit(_ batch: Inbox.Batch) {
        guard batch.group != nil || !batch.works.isEmpty else { return }
        do {
            try write(batch)
        } catch {
            let failure = StoreError(reading: error)
            guard !failure.isOfDisk, batch.works.count + (batch.group == nil ? 0 : 1) > 1 else {
                return fail(batch, failure)
            }
            // One of them is wrong in itself: the others must not suffer.
            commit(Inbox.Batch(records: batch.records, group: batch.group))
            for work in batch.works { commit(Inbox.Batch(works: [work])) }
        }
    }

    private func write(_ batch: Inbox.Batch) throws {
        let began = clock.now()
        var refused: [StoreError?] = []
        try opened.pool.writeWithoutTransaction { db in
            try writer.transaction(db) { refused = try write(batch, db) }
            if !batch.records.isEmpty { try housekeeping.measure(db, after: batch.records.count) }
        }
        let seconds = clock.now().seconds(since: began)
        board.publish(writer.changed, of: writer.state)
        batch.group?.settle(nil)
        for (work, failure) in zip(batch.works, refused) { work.finish(failure) }
        board.tell(of: writer.tenantsWithNews)
        if !batch.records.isEmpty { observer.committed(records: batch.records.count, seconds: seconds) }
    }

    /// - Returns: for each work, why it was refused.
    private func write(_ batch: Inbox.Batch, _ db: Database) throws -> [StoreError?] {
        if !batch.records.isEmpty {
            let statement = try db.cachedStatement(sql: LedgerWriter.insertion)
            try batch.records.withUnsafeBufferPointer { records in
                for index in records.indices { try writer.append(records[index], with: statement) }
            }
        }
        return try batch.works.map { work in
            do {
                try work.run(writer)
                return nil
            } catch let error as StoreError {
                return error
            }
        }
    }

    private func fail(_ batch: Inbox.Batch, _ error: StoreError) {
        if error.isOfDisk || batch.group != nil { set(.full(error)) }
        batch.group?.settle(error)
        for work in batch.works { work.finish(error) }
        if !batch.records.isEmpty { observer.lost(records: batch.records.count, error: error) }
    }

    func set(_ condition: StoreCondition) {
        switch condition {
        case .healthy: inbox.refuse(nil)
        case .full(let error):
            inbox.refuse(error)
            housekeeping.probeAt = writer.time.now().advanced(by: Housekeeping.probeInterval)
        }
        if board.set(condition) { observer.changed(to: condition) }
    }
}
