import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

/// Whatever happens in whatever order: each record is in the ledger once, and reaches its endpoint in exactly
/// one delivery.
struct ConservationTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `any order of events conserves every record`(seed: UInt64) async throws {
        var run = try await ConservationRun(seed: seed)
        for _ in 0..<120 { try await run.step() }
        try await run.finish()
    }
}

/// A store, and what must be true of it.
private struct ConservationRun {
    private static let tenants = ["a", "b", "c"]

    private var fixture: StoreFixture
    private var store: UsageStore
    private var random: FastRandom
    /// Ids of records that were acknowledged, by tenant.
    private var acknowledged: [String: Set<String>] = [:]
    /// Ids of records, as often as they came in a delivery that was settled as delivered.
    private var received: [String: [String: Int]] = [:]

    init(seed: UInt64) async throws {
        random = FastRandom(seed: seed)
        fixture = try StoreFixture()
        store = try fixture.open()
        try await register()
    }

    private func register() async throws {
        // The tenant c has no endpoint.
        try await store.register(
            endpoints: ["a", "b"].map { EndpointIdentity(name: "to-\($0)", tenant: $0) })
    }

    mutating func step() async throws {
        fixture.clock.advance(by: .seconds(1))
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: try await append()
        case 8..<12: try await freeze()
        case 12..<17: try await attempt()
        case 17: try await revive()
        case 18: try await restart()
        default: try await crash()
        }
    }

    private mutating func append() async throws {
        let count = Int.random(in: 1...40, using: &random)
        let records = (0..<count).map { _ in
            fixture.record(tenant: Self.tenants.randomElement(using: &random) ?? "a")
        }
        try await store.keep(records)
        for record in records { acknowledged[record.tenant, default: []].insert("\(record.id)") }
    }

    private var endpoint: String {
        mutating get { Bool.random(using: &random) ? "to-a" : "to-b" }
    }

    private mutating func freeze() async throws {
        let take = Int.random(in: 1...30, using: &random)
        _ = try await store.freeze(endpoint: endpoint, recordsMax: 30, bytesMax: 20_000) { records in
            Self.body(records.prefix(take).map(\.json))
        }
    }

    /// Lines of JSON.
    private static func body(_ lines: [[UInt8]]) -> FrozenBody {
        FrozenBody(bytes: Array(lines.joined(separator: [0x0A])), records: lines.count)
    }

    private mutating func attempt() async throws {
        let due = try await store.due(at: fixture.clock.wallTime(), endpoint: endpoint, limit: 3)
        guard let header = due.randomElement(using: &random) else { return }
        let lines = try await store.body(of: header.id).split(separator: 0x0A).map(Array.init)
        #expect(lines.count == header.records)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<5:
            try await store.attempted(header.id, .delivered)
            try count(lines, header)
        case 5..<7:
            let later = WallTime(microseconds: fixture.clock.wallTime().microseconds + 3_000_000)
            try await store.attempted(header.id, .retry(at: later, error: "503"))
        case 7..<9: try await store.attempted(header.id, .dead(error: "410"))
        default:
            let half = lines.count / 2
            let halves = [lines.prefix(half), lines.suffix(lines.count - half)].filter { !$0.isEmpty }
            try await store.attempted(header.id, .replaced(by: halves.map { Self.body(Array($0)) }))
        }
    }

    private mutating func count(_ lines: [[UInt8]], _ header: Delivery.Header) throws {
        for line in lines {
            let record = try UsageRecord(json: line)
            #expect(record.tenant == header.tenant)
            received[header.tenant, default: [:]]["\(record.id)", default: 0] += 1
        }
    }

    private mutating func revive() async throws {
        guard let dead = try await store.deadLetters(endpoint: nil, limit: 1).first else { return }
        _ = try await store.replay(deadLetter: dead.id)
    }

    private mutating func restart() async throws {
        await store.close()
        store = try fixture.open()
        try await register()
    }

    /// The process is killed; a write of it may be torn.
    private mutating func crash() async throws {
        let left = try fixture.crashCopy(torn: Bool.random(using: &random))
        let before = store.standings
        await store.close()
        fixture = left
        store = try fixture.open()
        #expect(store.standings == before)
        try await register()
    }

    mutating func finish() async throws {
        for dead in try await store.deadLetters(endpoint: nil, limit: 10_000) {
            _ = try await store.replay(deadLetter: dead.id)
        }
        fixture.clock.advance(by: .seconds(60))
        for name in ["to-a", "to-b"] {
            while try await store.freeze(name) != nil {}
            for header in try await store.due(at: fixture.clock.wallTime(), endpoint: name, limit: 10_000) {
                let lines = try await store.body(of: header.id).split(separator: 0x0A).map(Array.init)
                try await store.attempted(header.id, .delivered)
                try count(lines, header)
            }
            #expect(store.standing(of: name)?.pending == 0)
            #expect(store.standing(of: name)?.oldest == nil)
            #expect(store.standing(of: name)?.deadLetters == 0)
        }
        for tenant in Self.tenants {
            let kept = try await store.records(LedgerFilter(tenant: tenant), limit: 100_000)
            let ids = try kept.map { "\(try UsageRecord(json: $0.json).id)" }
            #expect(kept.map(\.sequence) == kept.indices.map { Int64($0) + 1 })
            #expect(ids.count == Set(ids).count)
            #expect(Set(ids) == acknowledged[tenant, default: []])
        }
        for tenant in ["a", "b"] {
            #expect(Set(received[tenant, default: [:]].keys) == acknowledged[tenant, default: []])
            #expect(received[tenant, default: [:]].values.allSatisfy { $0 == 1 })
        }
        await store.close()
    }
}
