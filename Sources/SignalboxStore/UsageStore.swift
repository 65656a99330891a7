internal import GRDB
package import SignalboxCore

/// Usage records on disk: the ledger, and the outbox of those who want them delivered.
///
/// One thread writes; it commits everything that waits for it in one transaction, so that many requests share
/// the disk's time. Readers have connections of their own and hold up nobody.
package final class UsageStore: Sendable {
    /// A record's place among those that are committed together.
    package struct Ticket: Sendable {
        let group: CommitGroup
    }

    package let settings: StoreSettings
    let time: any TimeSource
    let pool: DatabasePool
    let inbox: Inbox
    let board: StoreBoard
    private let writer: WriterThread

    init(_ opened: OpenedStore, _ settings: StoreSettings, time: any TimeSource, observer: any StoreObserver)
    {
        self.settings = settings
        self.time = time
        pool = opened.pool
        inbox = Inbox(pendingMax: settings.pendingMax)
        board = StoreBoard(opened.state)
        writer = WriterThread(
            opened, settings, time: time, inbox: inbox, board: board, observer: observer)
    }

    /// Opens the records in `settings.directory`, or begins with none. It reads and may write for a while:
    /// for the start of the program.
    /// - Returns: the store, and what the operator must hear of: what was damaged, and what that cost.
    /// - Throws: `inUse`, `newer`, `damaged` where even setting it aside failed, `disk`.
    package static func open(
        _ settings: StoreSettings, time: any TimeSource, observer: any StoreObserver = SilentObserver()
    ) throws(StoreError) -> (store: UsageStore, findings: [StoreFinding]) {
        let opened = try StoreOpening(settings, time: time).open()
        let store = UsageStore(opened, settings, time: time, observer: observer)
        do {
            try store.writer.start()
        } catch {
            throw .disk("no thread for the usage records: \(error)")
        }
        return (store, opened.findings)
    }

    /// Writes what waits, then closes the file. Everything that comes after is refused as `closed`.
    package func close() async {
        inbox.close()
        await writer.ended()
    }

    /// Whether records can be kept at this moment.
    package var condition: StoreCondition { board.condition }

    /// Bytes that the records take on disk.
    package var bytesOnDisk: Int { StoreFiles(settings.directory).bytes }

    /// Records that wait for the disk.
    package var recordsPending: Int { inbox.recordsPending }
}

// Appending.
extension UsageStore {
    /// Queues a record for the writer. It waits for nothing.
    /// - Throws: `full`, `disk`, `damaged` while the store cannot write, `backlog`, `closed`. The record is
    ///   not kept then.
    package func append(_ record: consuming UsageRecord) throws(StoreError) -> Ticket {
        Ticket(group: try inbox.append(record))
    }

    /// Returns once the record is on disk.
    /// - Throws: why it is not, and will not be.
    package func committed(_ ticket: Ticket) async throws(StoreError) {
        try await ticket.group.settled()
    }

    /// Calls `body` on the writer's thread after each commit that gave records to tenants with an endpoint,
    /// with their names. It must not wait.
    package func onCommit(_ body: @escaping @Sendable (Set<String>) -> Void) {
        board.onCommit(body)
    }
}

extension UsageStore {
    /// What `body` returns, once the transaction that it was part of is on disk. A `StoreError` must be
    /// thrown before anything is written: it undoes nothing.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (LedgerWriter) throws -> Value
    ) async throws(StoreError) -> Value {
        let outcome = WorkOutcome<Value>()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let work = Work(
                run: { outcome.set(.success(try body($0))) },
                finish: { failure in
                    if let failure { outcome.set(.failure(failure)) }
                    continuation.resume()
                })
            if inbox.add(work) { return }
            outcome.set(.failure(.closed))
            continuation.resume()
        }
        return try outcome.get()
    }

    /// What `body` reads in one consistent view. Long reads hold up nobody, but keep the log from being
    /// emptied: pages, please.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(StoreError) -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw StoreError(reading: error)
        }
    }
}
