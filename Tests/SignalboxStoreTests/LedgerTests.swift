import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

struct LedgerTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    /// Two hundred records of three tenants, two models and all outcomes, a minute apart.
    private func fill(_ store: UsageStore) async throws {
        for index in 0..<200 {
            fixture.clock.advance(by: .seconds(60))
            try await store.keep([
                fixture.record(
                    tenant: ["a", "b", "c"][index % 3], tokens: index, nano: index % 5 == 0 ? nil : 1_000_001,
                    currency: index % 2 == 0 ? "USD" : "RUB", model: index % 7 == 0 ? "large" : "small",
                    outcome: UsageRecord.Outcome.allCases[index % 4], tenantKey: "k\(index % 2)")
            ])
        }
    }

    @Test(arguments: [nil, "a"], [false, true])
    func `pages have every record once, in order`(tenant: String?, hasBeginning: Bool) async throws {
        let store = try fixture.open()
        let start = fixture.clock.wallTime()
        try await fill(store)
        let filter = LedgerFilter(tenant: tenant, from: hasBeginning ? start : nil, model: "small")
        var seen: [StoredRecord] = []
        while true {
            let page = try await store.records(
                filter, after: seen.last.map(LedgerPlace.init(after:)), limit: 7)
            seen += page
            if page.count < 7 { break }
        }
        let expected = (0..<200).filter { $0 % 7 != 0 && (tenant == nil || $0 % 3 == 0) }
        #expect(seen.map(\.number) == expected.map { Int64($0 + 1) })
        await store.close()
    }

    @Test func `filters are all kept at once`() async throws {
        let store = try fixture.open()
        let start = fixture.clock.wallTime()
        try await fill(store)
        let hour = WallTime(microseconds: start.microseconds + 3_600_000_000)
        let filter = LedgerFilter(
            tenant: "b", tenantKey: "k0", from: start, to: hour, provider: "groq", model: "small",
            key: "groq-0", outcome: .success)
        let expected = (0..<59).filter { $0 % 3 == 1 && $0 % 2 == 0 && $0 % 4 == 0 && $0 % 7 != 0 }
        #expect(
            try await store.records(filter, limit: 100).map(\.number)
                == expected.map { Int64($0 + 1) })
        #expect(try await store.sums(filter, by: []).reduce(0) { $0 + $1.records } == Int64(expected.count))
        #expect(try await store.sums(LedgerFilter(tenant: "nobody"), by: []).isEmpty)
        await store.close()
    }

    @Test func `sums are exact, one for each currency and each value of the groups`() async throws {
        let store = try fixture.open()
        try await fill(store)
        let sums = try await store.sums(LedgerFilter(), by: [.tenant, .outcome])
        #expect(sums.reduce(0) { $0 + $1.records } == 200)
        #expect(sums.reduce(0) { $0 + $1.promptTokens } == (0..<200).reduce(0, +))
        #expect(sums.reduce(0) { $0 + $1.completionTokens } == 1_000)
        #expect(sums.reduce(0) { $0 + $1.nano } == 160 * 1_000_001)
        let one = try #require(
            sums.first { $0.values == [.tenant: "a", .outcome: "success"] && $0.currency == "USD" })
        let expected = (0..<200).filter { $0 % 3 == 0 && $0 % 4 == 0 && $0 % 2 == 0 && $0 % 5 != 0 }
        #expect(one.records == Int64(expected.count))
        #expect(one.nano == Int128(expected.count) * 1_000_001)
        let days = try await store.sums(LedgerFilter(), by: [.day])
        #expect(Set(days.compactMap { $0.values[.day] }) == ["2026-01-01"])
        await store.close()
    }

    @Test func `a sum may be larger than 64 bits hold`() async throws {
        let store = try fixture.open()
        let large = Int128(Int64.max) * 1_000 + 7
        try await store.keep((0..<30).map { _ in fixture.record(nano: large) })
        try await store.keep((0..<2).map { _ in fixture.record(nano: -5) })
        let total = large * 30 - 10
        #expect(try await store.sums(LedgerFilter(), by: []).map(\.nano) == [total])
        let day = WallTime(microseconds: fixture.clock.wallTime().day * 86_400_000_000)
        #expect(try await store.spent(tenant: "t1", since: day).nano == ["USD": total])
        await store.close()
    }

    @Test func `what was spent counts from a moment on, for a tenant or one of its keys`() async throws {
        let store = try fixture.open()
        try await fill(store)
        let half = WallTime(microseconds: fixture.clock.wallTime().microseconds - 99 * 60_000_000)
        let expected = (100..<200).filter { $0 % 3 == 0 }
        #expect(try await store.spent(tenant: "a", since: half).records == Int64(expected.count))
        let own = try await store.spent(tenant: "a", tenantKey: "k1", since: half)
        let ownExpected = expected.filter { $0 % 2 == 1 }
        #expect(own.records == Int64(ownExpected.count))
        #expect(own.tokens == Int64(ownExpected.reduce(0) { $0 + $1 + 5 }))
        #expect(own.nano == ["RUB": Int128(ownExpected.count { $0 % 5 != 0 }) * 1_000_001])
        await store.close()
    }

    @Test func `another process reads beside the writer`() async throws {
        let store = try fixture.open()
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "a")])
        try await fill(store)
        let reader = try LedgerReader(directory: fixture.directory)
        #expect(try reader.records(LedgerFilter(), after: LedgerPlace("190.0.0"), limit: 100).count == 10)
        #expect(try reader.sums(LedgerFilter(tenant: "a"), by: []).reduce(0) { $0 + $1.records } == 67)
        #expect(try reader.standings() == store.standings)
        try await store.keep([fixture.record(tenant: "a")])
        #expect(try reader.records(LedgerFilter(), after: LedgerPlace("200.0.0"), limit: 10).count == 1)
        await store.close()
        #expect(try LedgerReader(directory: fixture.directory).standings().map(\.name) == ["e"])
        await (try fixture.open()).close()
        #expect(throws: StoreError.self) { try LedgerReader(directory: "\(fixture.directory)/none") }
    }

    @Test func `old records and old deliveries go, but nothing that somebody waits for`() async throws {
        let events = SeenEvents()
        let store = try fixture.open(observer: events)
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "a")])
        try await store.keep((0..<30).map { fixture.record(tenant: $0 % 2 == 0 ? "a" : "b") })
        let done = try #require(try await store.freeze("e", recordsMax: 5))
        try await store.attempted(done.header.id, .delivered)
        let dead = try #require(try await store.freeze("e", recordsMax: 3))
        try await store.attempted(dead.header.id, .dead(error: "410"))
        _ = try #require(try await store.freeze("e", recordsMax: 2))
        fixture.clock.advance(by: .seconds(91 * 86_400))
        try await store.settle()
        try await store.settle()
        let left = try await store.records(LedgerFilter(), limit: 100)
        #expect(Set(left.map(\.tenant)) == ["a"])
        #expect(left.map(\.sequence) == Array(9...15))
        #expect(events.now.purged == 23)
        #expect(events.now.purgedForRoom == 0)
        #expect(store.standing(of: "e")?.deadLetters == 0)
        #expect(store.standing(of: "e")?.pending == 7)
        await #expect(throws: StoreError.self) { try await store.header(of: done.header.id) }
        try await store.keep([fixture.record(tenant: "b")])
        #expect(try await store.records(LedgerFilter(tenant: "b"), limit: 9).map(\.sequence) == [16])
        await store.close()
    }

    @Test func `an endpoint that was removed keeps its records until they are old`() async throws {
        let store = try fixture.open()
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "a")])
        try await store.keep((0..<4).map { _ in fixture.record(tenant: "a") })
        _ = try #require(try await store.freeze("e", recordsMax: 2))
        fixture.clock.advance(by: .seconds(80 * 86_400))
        try await store.register(endpoints: [])
        #expect(store.standing(of: "e")?.isRegistered == false)
        fixture.clock.advance(by: .seconds(80 * 86_400))
        try await store.settle()
        #expect(store.standing(of: "e")?.pending == 4)
        fixture.clock.advance(by: .seconds(11 * 86_400))
        for _ in 0..<3 { try await store.settle() }
        #expect(store.standing(of: "e")?.pending == 0)
        #expect(store.standing(of: "e")?.deadLetters == 1)
        #expect(try await store.records(LedgerFilter(), limit: 9).isEmpty)
        await store.close()
    }
}
