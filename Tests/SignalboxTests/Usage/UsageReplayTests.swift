import Foundation
import SignalboxCore
import SignalboxStore
import SignalboxTesting
import Synchronization
import Testing

@testable import Signalbox

/// Replays over a real store, and deliveries that nobody sends.
struct UsageReplayTests {
    private final class Directory: Sendable {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID())").path
        }

        deinit {
            do {
                try FileManager.default.removeItem(atPath: path)
            } catch {
                print("\(path) stays: \(error)")
            }
        }
    }

    private final class Deliveries: UsageDeliveries {
        let woken = Mutex(0)

        func form(of endpoint: String) -> ReplayForm? {
            guard endpoint == "t" else { return nil }
            return ReplayForm(recordsMax: 3, bytesMax: 1 << 20) { records in
                FrozenBody(
                    bytes: Array(records.map(\.json).joined(separator: [0x0A])), records: records.count)
            }
        }

        func enable(_ endpoint: String) async throws {}

        func wake() {
            woken.withLock { $0 += 1 }
        }
    }

    private let directory: Directory
    private let clock = ManualClock()
    private let deliveries = Deliveries()

    init() throws {
        directory = try Directory()
    }

    private func store(records: Int) async throws -> UsageStore {
        let store = try UsageStore.open(StoreSettings(directory: directory.path), time: clock).store
        try await store.register(endpoints: [EndpointIdentity(name: "t", tenant: "t")])
        var random = FastRandom(seed: 1)
        for number in 0..<records {
            let now = clock.wallTime()
            let record = UsageRecord(
                id: UUIDv7(at: now, using: &random), requestID: "r\(number)", attempt: 1, provider: "p",
                model: "m", requestedModel: "m", latency: .zero, outcome: .success, key: "p-0",
                timestamp: now,
                tenant: "t")
            try await store.committed(store.append(record))
            clock.advance(by: .seconds(1))
        }
        return store
    }

    /// Freezes and ends a delivery of up to three records.
    private func deliver(_ store: UsageStore, _ result: DeliveryResult) async throws -> Delivery {
        let form = try #require(deliveries.form(of: "t"))
        let delivery = try #require(
            try await store.freeze(
                endpoint: "t", recordsMax: form.recordsMax, bytesMax: form.bytesMax, encode: form.encode))
        try await store.attempted(delivery.header.id, result)
        return delivery
    }

    @Test func `a dead letter comes again with its id and its bytes, and deliveries are woken`() async throws
    {
        let store = try await store(records: 3)
        let dead = try await deliver(store, .dead(error: "410"))
        let result = try await UsageReplay(store: store, deliveries: deliveries)(
            .deadLetter(dead.header.id))
        #expect(result.deliveries.map(\.id) == [dead.header.id] && result.rest == nil)
        #expect(try await store.body(of: dead.header.id) == dead.body)
        #expect(store.standing(of: "t")?.deadLetters == 0 && store.standing(of: "t")?.pending == 3)
        #expect(deliveries.woken.withLock { $0 } == 1)
        await store.close()
    }

    @Test func `all dead letters of an endpoint come again, and those of no other`() async throws {
        let store = try await store(records: 7)
        let first = try await deliver(store, .dead(error: "a"))
        _ = try await deliver(store, .delivered)
        let last = try await deliver(store, .dead(error: "b"))
        let replay = UsageReplay(store: store, deliveries: deliveries)
        let result = try await replay(.deadLetters(endpoint: "t"))
        #expect(result.deliveries.map(\.id) == [first.header.id, last.header.id])
        #expect(result.records == 4)
        await #expect(throws: UsageReplay.Failure.store(.unknown("endpoint u"))) {
            try await replay(.deadLetters(endpoint: "u"))
        }
        await store.close()
    }

    @Test func `records come again by sequence in new deliveries, their own bytes the same`() async throws {
        let store = try await store(records: 7)
        for _ in 0..<3 { _ = try await deliver(store, .delivered) }
        let result = try await UsageReplay(store: store, deliveries: deliveries)(
            .sequences(tenant: "t", 2...6))
        #expect(result.deliveries.map { [$0.first, $0.last] } == [[2, 4], [5, 6]])
        let kept = try await store.records(LedgerFilter(tenant: "t"), limit: 100)[1...5].map(\.json)
        var bodies: [[UInt8]] = []
        for header in result.deliveries { bodies.append(try await store.body(of: header.id)) }
        #expect(Array(bodies.joined(separator: [0x0A])) == Array(kept.joined(separator: [0x0A])))
        await store.close()
    }

    @Test func `records come again by the time at which they ended`() async throws {
        let start = clock.wallTime()
        let store = try await store(records: 7)
        for _ in 0..<3 { _ = try await deliver(store, .delivered) }
        func second(_ number: Int64) -> WallTime {
            WallTime(nanosecondsSince1970: start.nanosecondsSince1970 + number * 1_000_000_000)
        }
        let replay = UsageReplay(store: store, deliveries: deliveries)
        let result = try await replay(.time(tenant: "t", from: second(1), to: second(3)))
        #expect(result.deliveries.map { [$0.first, $0.last] } == [[2, 3]])
        let none = try await replay(.time(tenant: "t", from: second(100), to: second(101)))
        #expect(none.deliveries.isEmpty && none.rest == nil)
        await store.close()
    }

    @Test func `what one call cannot do is left for the next`() async throws {
        let count = UsageReplay.deliveriesMax * 3 + 2
        let store = try await store(records: count)
        let form = try #require(deliveries.form(of: "t"))
        while let delivery = try await store.freeze(
            endpoint: "t", recordsMax: 1_000, bytesMax: 1 << 20, encode: form.encode)
        {
            try await store.attempted(delivery.header.id, .delivered)
        }
        let replay = UsageReplay(store: store, deliveries: deliveries)
        let result = try await replay(.sequences(tenant: "t", 1...Int64.max))
        #expect(result.records == count - 2)
        let rest = try #require(result.rest)
        #expect(try await replay(rest).records == 2)
        await store.close()
    }

    @Test func `a tenant without a webhook is told so`() async throws {
        let store = try await store(records: 1)
        let none = UsageReplay(store: store, deliveries: nil)
        for wish in [
            UsageReplay.Wish.sequences(tenant: "t", 1...2), .sequences(tenant: "u", 1...2),
            .time(tenant: "u", from: clock.wallTime(), to: clock.wallTime()),
        ] {
            await #expect(throws: UsageReplay.Failure.self) { try await none(wish) }
        }
        await store.close()
    }
}
