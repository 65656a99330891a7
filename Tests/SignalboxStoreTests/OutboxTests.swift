import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

struct OutboxTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    private func openWithEndpoint() async throws -> UsageStore {
        let store = try fixture.open()
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "t1")])
        return store
    }

    @Test func `a new endpoint gets what is recorded from then on`() async throws {
        let store = try fixture.open()
        try await store.keep([fixture.record()])
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "t1")])
        #expect(try await store.freeze("e") == nil)
        try await store.keep([fixture.record()])
        let delivery = try #require(try await store.freeze("e"))
        #expect(delivery.header.first == 2)
        #expect(delivery.header.last == 2)
        await store.close()
    }

    @Test func `a delivery keeps its id and its bytes over attempts and restarts`() async throws {
        var store = try await openWithEndpoint()
        try await store.keep((0..<3).map { _ in fixture.record() })
        let delivery = try #require(try await store.freeze("e"))
        let later = WallTime(
            nanosecondsSince1970: fixture.clock.wallTime().nanosecondsSince1970 + 5_000_000_000)
        try await store.attempted(delivery.header.id, .retry(at: later, error: "503"))
        #expect(try await store.due(at: fixture.clock.wallTime(), endpoint: "e", limit: 10).isEmpty)
        await store.close()
        store = try fixture.open()
        let due = try await store.due(at: later, endpoint: nil, limit: 10)
        #expect(due.map(\.id) == [delivery.header.id])
        #expect(due.map(\.attempts) == [1])
        #expect(due.map(\.error) == ["503"])
        #expect(try await store.body(of: delivery.header.id) == delivery.body)
        await store.close()
    }

    @Test func `what is delivered loses its bytes and waits no more`() async throws {
        let store = try await openWithEndpoint()
        try await store.keep((0..<3).map { _ in fixture.record() })
        #expect(store.standing(of: "e")?.pending == 3)
        let delivery = try #require(try await store.freeze("e", recordsMax: 2))
        #expect(store.standing(of: "e")?.pending == 3)
        try await store.attempted(delivery.header.id, .delivered)
        #expect(store.standing(of: "e")?.pending == 1)
        #expect(try await store.header(of: delivery.header.id).state == .delivered)
        await #expect(throws: StoreError.self) { try await store.body(of: delivery.header.id) }
        await #expect(throws: StoreError.self) {
            try await store.attempted(delivery.header.id, .delivered)
        }
        await store.close()
    }
}
