import Foundation
import SignalboxCore
import SignalboxTesting

@testable import SignalboxStore

/// A directory of one test's own.
final class StoreFixture: Sendable {
    let directory: String
    let clock: ManualClock

    init(clock: ManualClock = ManualClock()) throws {
        self.clock = clock
        // In memory where there is a place for it: a test waits for hundreds of commits.
        let memory = URL(fileURLWithPath: "/dev/shm")
        let isWritable = FileManager.default.isWritableFile(atPath: memory.path)
        let place = (isWritable ? memory : FileManager.default.temporaryDirectory)
            .appendingPathComponent("signalbox-store-\(UUID())")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        directory = place.path
    }

    deinit {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            print("\(directory) stays: \(error)")
        }
    }

    var settings: StoreSettings { StoreSettings(directory: directory) }

    func open(
        _ settings: StoreSettings? = nil, observer: any StoreObserver = SilentObserver()
    ) throws -> UsageStore {
        let (store, findings) = try UsageStore.open(
            settings ?? self.settings, time: clock, observer: observer)
        guard findings.isEmpty else { throw UnexpectedFindings(findings: findings) }
        return store
    }

    struct UnexpectedFindings: Error {
        let findings: [StoreFinding]
    }

    /// What a process leaves that is killed at this moment, and perhaps half of what it was writing.
    func crashCopy(torn: Bool = false) throws -> StoreFixture {
        let copy = try StoreFixture(clock: clock)
        for name in ["usage.db", "usage.db-wal", "usage.db-shm", "usage.lock"] {
            let path = "\(directory)/\(name)"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            try FileManager.default.copyItem(atPath: path, toPath: "\(copy.directory)/\(name)")
        }
        if torn { try copy.damage("usage.db-wal") { $0 += $0.prefix(5_000) } }
        return copy
    }

    func openDamaged() throws -> (store: UsageStore, findings: [StoreFinding]) {
        try UsageStore.open(settings, time: clock)
    }

    /// Damages a file: `change` gets its bytes.
    func damage(_ name: String, _ change: (inout [UInt8]) -> Void) throws {
        let place = URL(fileURLWithPath: "\(directory)/\(name)")
        var bytes = [UInt8](try Data(contentsOf: place))
        change(&bytes)
        try Data(bytes).write(to: place)
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
    }

    func record(
        tenant: String = "t1", request: String = "r", tokens: Int = 10, nano: Int128? = 1_500,
        currency: String = "USD", model: String = "m", outcome: UsageRecord.Outcome = .success,
        tenantKey: String? = nil
    ) -> UsageRecord {
        var random = SystemRandomNumberGenerator()
        let now = clock.wallTime()
        return UsageRecord(
            id: UUIDv7(at: now, using: &random), requestID: request, attempt: 1, provider: "groq",
            model: model, requestedModel: "gpt", usage: TokenUsage(promptTokens: tokens, completionTokens: 5),
            source: .provider, cost: nano.map { Money(nano: $0, currency: currency) },
            latency: .milliseconds(250), outcome: outcome, key: "groq-0", timestamp: now, tenant: tenant,
            tenantKey: tenantKey)
    }
}

extension UsageStore {
    /// Appends and waits, one after the other.
    func keep(_ records: [UsageRecord]) async throws {
        var tickets: [Ticket] = []
        for record in records { tickets.append(try append(record)) }
        for ticket in tickets { try await committed(ticket) }
    }

    /// A body that is the records' JSON, line by line.
    func freeze(_ endpoint: String, recordsMax: Int = 100, bytesMax: Int = 90_000) async throws -> Delivery? {
        try await freeze(endpoint: endpoint, recordsMax: recordsMax, bytesMax: bytesMax) { records in
            FrozenBody(bytes: Array(records.map(\.json).joined(separator: [0x0A])), records: records.count)
        }
    }
}
