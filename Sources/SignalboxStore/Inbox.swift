import SignalboxCore
import SignalboxTelemetry

/// What waits for the writer's thread, in order and bounded.
///
/// `@unchecked Sendable`: every variable is touched inside `monitor.withLock` only.
final class Inbox: @unchecked Sendable {
    /// What one transaction writes.
    struct Batch {
        var records: [UsageRecord] = []
        var group: CommitGroup?
        var works: [Work] = []
    }

    /// Bounds a transaction, and with it the log that it fills and the time that others wait for it.
    static let recordsPerCommitMax = 4_096

    private let monitor = Monitor()
    private let pendingMax: Int
    private var groups: [(group: CommitGroup, records: [UsageRecord])] = []
    private var spare: [UsageRecord] = []
    private var works: [Work] = []
    private var pending = 0
    private var isIdle = false
    private var isClosed = false
    private var isDone = false
    private var refusal: StoreError?

    init(pendingMax: Int) {
        self.pendingMax = pendingMax
    }

    func append(_ record: consuming UsageRecord) throws(StoreError) -> CommitGroup {
        // A record has a dozen strings: it is moved, not copied.
        var arriving: UsageRecord? = consume record
        return try monitor.withLock { () -> Result<CommitGroup, StoreError> in
            if isClosed { return .failure(.closed) }
            if let refusal { return .failure(refusal) }
            if pending >= pendingMax { return .failure(.backlog(pendingMax: pendingMax)) }
            pending += 1
            if groups.isEmpty || groups[groups.count - 1].records.count >= Self.recordsPerCommitMax {
                groups.append((CommitGroup(), spare))
                spare = []
            }
            if let record = arriving.take() { groups[groups.count - 1].records.append(record) }
            if isIdle { wake() }
            return .success(groups[groups.count - 1].group)
        }.get()
    }

    /// False where nobody will do it any more.
    func add(_ work: Work) -> Bool {
        monitor.withLock {
            if isClosed { return false }
            works.append(work)
            if isIdle { wake() }
            return true
        }
    }

    /// What appends are told from now on; nil lets them in again.
    func refuse(_ error: StoreError?) {
        monitor.withLock { refusal = error }
    }

    var recordsPending: Int {
        monitor.withLock { pending }
    }

    /// Nothing more comes in; what is there is written still.
    func close() {
        monitor.withLock {
            isClosed = true
            wake()
        }
    }

    private func wake() {
        isIdle = false
        monitor.signalWork()
    }
}

/// For the writer's thread.
extension Inbox {
    /// Waits for something to do until `deadline`; an empty batch then, and nil once all is written after
    /// ``close()``.
    func take(until deadline: Instant) -> Batch? {
        monitor.withLock {
            while groups.isEmpty && works.isEmpty {
                if isClosed { return nil }
                isIdle = true
                guard monitor.waitForWork(until: deadline) else { break }
            }
            isIdle = false
            var batch = Batch()
            swap(&batch.works, &works)
            if !groups.isEmpty {
                let first = groups.removeFirst()
                batch.group = first.group
                batch.records = first.records
            }
            return batch
        }
    }

    /// Gives the room of a batch's records back.
    func finish(_ batch: consuming Batch) {
        let count = batch.records.count
        var records = batch.records
        batch.records = []
        records.removeAll(keepingCapacity: count <= 512)
        monitor.withLock {
            pending -= count
            if spare.capacity == 0 { spare = records }
        }
    }
}

/// Something that the writer does inside its next transaction.
struct Work: Sendable {
    /// What it throws undoes it alone, unless the transaction is lost with it.
    let run: @Sendable (LedgerWriter) throws -> Void
    /// Once it is on disk, or is not and will not be.
    let finish: @Sendable (StoreError?) -> Void
}
