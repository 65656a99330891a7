import Glibc
import SignalboxCore
import SignalboxStore
import Synchronization

/// Appenders that each wait for their record before they append the next one, as requests do.
struct AppendRun {
    let appenders: Int
    let tenants: Int
    let seconds: Double
    let directory: String

    /// Counts commits.
    private final class Commits: StoreObserver {
        let count = Atomic<Int>(0)

        func committed(records: Int, seconds: Double) {
            count.add(1, ordering: .relaxed)
        }

        func lost(records: Int, error: StoreError) {
            print("lost \(records): \(error)")
        }

        func changed(to condition: StoreCondition) {}
        func purged(records: Int, forRoom: Bool) {}
    }

    /// One line of the table.
    func measure() async throws -> String {
        try StoreDirectory.remove(directory)
        let commits = Commits()
        let (store, _) = try UsageStore.open(
            StoreSettings(directory: directory), time: SystemTime(), observer: commits)
        let clock = SystemTime()
        let (began, used) = (clock.now(), Self.processorSeconds())
        let end = began.advanced(by: .nanoseconds(Int64(seconds * 1e9)))
        let waits = try await withThrowingTaskGroup(of: [Float].self) { group in
            for appender in 0..<appenders {
                group.addTask { try await append(to: store, as: appender, until: end) }
            }
            var all: [Float] = []
            for try await some in group { all += some }
            return all.sorted()
        }
        let elapsed = clock.now().seconds(since: began)
        let processor = Self.processorSeconds() - used
        await store.close()
        let perRecord = processor / Double(waits.count) * 1e6
        let columns = [
            (String(appenders), 9), (String(tenants), 9), (String(Int(Double(waits.count) / elapsed)), 11),
            (Self.text(perRecord), 15), (Self.text(Double(waits[waits.count / 2]) * 1e3), 13),
            (Self.text(Double(waits[waits.count * 99 / 100]) * 1e3), 8),
            (Self.text(Double(waits.count) / Double(max(1, commits.count.load(ordering: .relaxed)))), 16),
        ]
        return columns.map { String(repeating: " ", count: max(0, $1 - $0.count)) + $0 }
            .joined(separator: " ")
    }

    /// - Returns: how long each record waited, in seconds.
    private func append(
        to store: UsageStore, as appender: Int, until end: Instant
    ) async throws -> [Float] {
        let clock = SystemTime()
        var random = FastRandom()
        var waits: [Float] = []
        var now = clock.now()
        while now < end {
            let record = SampleRecord.make(
                tenant: "tenant-\(Int.random(in: 0..<tenants, using: &random))", random: &random)
            let ticket = try store.append(record)
            try await store.committed(ticket)
            let later = clock.now()
            waits.append(Float(later.seconds(since: now)))
            now = later
        }
        return waits
    }

    private static func text(_ value: Double) -> String {
        let tenths = Int((value * 100).rounded())
        return "\(tenths / 100).\(tenths % 100 < 10 ? "0" : "")\(tenths % 100)"
    }

    /// User and system, of all threads.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
