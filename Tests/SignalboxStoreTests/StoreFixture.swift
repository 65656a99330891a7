import Foundation
import SignalboxCore
import SignalboxTesting

@testable import SignalboxStore

/// A directory of one test's own.
final class StoreFixture: Sendable {
    let directory: String
    let clock = ManualClock()

    init() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID())")
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
