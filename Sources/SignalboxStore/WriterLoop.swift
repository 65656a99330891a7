internal import GRDB
import SignalboxCore

/// Takes what waits, writes it, tells those who wait; and keeps house in between.
///
///     healthy ──commit fails──▶ full ──probe succeeds──▶ healthy
///
/// `@unchecked Sendable`: the writer's thread alone touches it.
final class WriterLoop: @unchecked Sendable {
    /// From one try to the next while the store cannot write.
    static let probeInterval: Duration = .seconds(5)
    /// How long the thread sleeps while nothing is to do.
    private static let idle: Duration = .seconds(30)

    let opened: OpenedStore
    let writer: LedgerWriter
    let inbox: Inbox
    let board: StoreBoard
    let observer: any StoreObserver
    private let end: CommitGroup
    private let clock = SystemTime()
    var probeAt = Instant.past
    var housekeeping = Housekeeping()

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
    }

    func run() {
        while let batch = inbox.take(until: clock.now().advanced(by: pause)) {
            commit(batch)
            inbox.finish(batch)
            keepHouse()
        }
        opened.close()
        end.settle(nil)
    }

    /// The system's clock wakes the thread; whether something is due, the injected one says.
    private var pause: Duration {
        if housekeeping.hasMore { return .zero }
        return board.condition == .healthy ? Self.idle : .seconds(1)
    }

    private func commit(_ batch: Inbox.Batch) {
        guard batch.group != nil || !batch.works.isEmpty else { return }
        let began = clock.now()
        var refused: [StoreError?] = []
        do {
            try opened.pool.writeWithoutTransaction { db in
                try writer.transaction(db) { refused = try write(batch, db) }
            }
        } catch {
            let error = StoreError(reading: error)
            fail(batch, error)
            return
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
            for record in batch.records { try writer.append(record, with: statement) }
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
        set(.full(error))
        batch.group?.settle(error)
        for work in batch.works { work.finish(error) }
        if !batch.records.isEmpty { observer.lost(records: batch.records.count, error: error) }
    }

    func set(_ condition: StoreCondition) {
        switch condition {
        case .healthy: inbox.refuse(nil)
        case .full(let error):
            inbox.refuse(error)
            probeAt = writer.time.now().advanced(by: Self.probeInterval)
        }
        if board.set(condition) { observer.changed(to: condition) }
    }
}
