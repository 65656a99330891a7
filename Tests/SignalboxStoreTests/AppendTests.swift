import Glibc
import SignalboxCore
import Testing

@testable import SignalboxStore

struct AppendTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    @Test func `sequences are given per tenant from 1 on, and go on after a restart`() async throws {
        let store = try fixture.open()
        try await store.keep(["a", "b", "a", "a"].map { fixture.record(tenant: $0) })
        await store.close()
        let again = try fixture.open()
        try await again.keep(["b", "a"].map { fixture.record(tenant: $0) })
        let records = try await again.records(LedgerFilter(), limit: 100)
        #expect(records.map(\.tenant) == ["a", "b", "a", "a", "b", "a"])
        #expect(records.map(\.sequence) == [1, 1, 2, 3, 2, 4])
        #expect(records.map(\.number) == [1, 2, 3, 4, 5, 6])
        await again.close()
    }

    @Test func `a record is kept as its own bytes`() async throws {
        let store = try fixture.open()
        let record = fixture.record()
        try await store.keep([record])
        let kept = try #require(try await store.records(LedgerFilter(), limit: 1).first)
        #expect(kept.json == record.json(sequence: 1))
        #expect(try UsageRecord(json: kept.json) == record)
        await store.close()
    }

    @Test func `a closed store refuses records`() async throws {
        let store = try fixture.open()
        await store.close()
        #expect(throws: StoreError.closed) { try store.append(fixture.record()) }
        await #expect(throws: StoreError.closed) { try await store.register(endpoints: []) }
    }

    @Test func `what waits is written before the file is closed`() async throws {
        let store = try fixture.open()
        let tickets = try (0..<5_000).map { _ in try store.append(fixture.record()) }
        await store.close()
        for ticket in tickets { try await store.committed(ticket) }
        let again = try fixture.open()
        #expect(try await again.sums(LedgerFilter(), by: []).map(\.records) == [5_000])
        await again.close()
    }

    @Test func `a directory has one store at a time`() async throws {
        let store = try fixture.open()
        #expect(throws: StoreError.inUse(path: fixture.directory, process: getpid())) { try fixture.open() }
        await store.close()
        await (try fixture.open()).close()
    }

    @Test func `records may wait for the disk, but not more than allowed`() async throws {
        var settings = fixture.settings
        settings.pendingMax = 0
        let store = try fixture.open(settings)
        #expect(throws: StoreError.backlog(pendingMax: 0)) { try store.append(fixture.record()) }
        await store.close()
    }
}
