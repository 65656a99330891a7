internal import GRDB
import SignalboxCore

/// What the writer does beside writing.
struct Housekeeping {
    /// Whether there is more to do at once.
    var hasMore = false
}

extension WriterLoop {
    func keepHouse() {
        if board.condition != .healthy { probe() }
    }

    /// Writes a little, to see whether the disk takes it again.
    private func probe() {
        let now = writer.time.now()
        guard now >= probeAt else { return }
        do {
            try opened.pool.writeWithoutTransaction { db in
                try writer.transaction(db) {
                    try Fact.probe.write(writer.time.wallTime().microseconds, db)
                }
            }
            set(.healthy)
        } catch {
            set(.full(StoreError(reading: error)))
        }
    }
}
