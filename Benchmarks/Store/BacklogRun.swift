import Glibc
import SignalboxCore
import SignalboxStore

/// Records that pile up because nobody takes them: what they cost in memory, and at the next start.
struct BacklogRun {
    let records: Int
    let endpoints: Int
    let directory: String

    /// One line of the table.
    func measure() async throws -> String {
        try StoreDirectory.remove(directory)
        let settings = StoreSettings(directory: directory)
        let before = try Self.residentMiB()
        let (store, _) = try UsageStore.open(settings, time: SystemTime())
        let identities = (0..<endpoints).map { EndpointIdentity(name: "e\($0)", tenant: "tenant-\($0)") }
        try await store.register(endpoints: identities)
        var random = FastRandom()
        for batch in 0..<records / 1_000 {
            var last: UsageStore.Ticket?
            for index in 0..<1_000 {
                let tenant = "tenant-\((batch * 1_000 + index) % endpoints)"
                last = try store.append(SampleRecord.make(tenant: tenant, random: &random))
            }
            if let last { try await store.committed(last) }
        }
        let grown = try Self.residentMiB() - before
        let size = store.bytesOnDisk / records
        await store.close()
        let clock = SystemTime()
        let began = clock.now()
        let (again, _) = try UsageStore.open(settings, time: clock)
        let opened = clock.now().seconds(since: began)
        let pending = again.standings.reduce(0) { $0 + Int($1.pending) }
        let frozen = clock.now()
        for index in 0..<100 {
            _ = try await again.freeze(
                endpoint: "e\(index % endpoints)", recordsMax: 100, bytesMax: 90_000
            ) { FrozenBody(bytes: $0.flatMap(\.json), records: $0.count) }
        }
        let freeze = clock.now().seconds(since: frozen) / 100
        await again.close()
        return
            "\(pending) pending for \(endpoints) endpoints: \(grown) MiB more, \(size) bytes each on disk; "
            + "opened in \(Int(opened * 1e3)) ms; a batch frozen in \(Int(freeze * 1e6)) µs"
    }

    private struct NoStatistics: Error {}

    private static func residentMiB() throws -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { throw NoStatistics() }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { throw NoStatistics() }
        let fields = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            .split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { throw NoStatistics() }
        return pages * 4_096 >> 20
    }
}
