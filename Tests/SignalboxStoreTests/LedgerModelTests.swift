import SignalboxCore
import Testing

@testable import SignalboxStore

/// Reads of the ledger beside a model that keeps the records in a list.
struct LedgerModelTests {
    let fixture: StoreFixture

    init() throws {
        fixture = try StoreFixture()
    }

    private func records(_ count: Int, seed: UInt64) -> [UsageRecord] {
        var random = FastRandom(seed: seed)
        var records: [UsageRecord] = []
        for _ in 0..<count {
            let cost: Int128? =
                switch Int.random(in: 0...3, using: &random) {
                case 0: nil
                case 1: Int128(Int64.max) * 1_000 + 7
                default: Int128(Int.random(in: 0...1_000_000_000_000, using: &random))
                }
            var record = fixture.record(
                tenant: ["t1", "t2"].randomElement(using: &random) ?? "t1",
                tokens: Int.random(in: 0...100_000, using: &random), nano: cost,
                currency: ["USD", "EUR"].randomElement(using: &random) ?? "USD",
                model: ["m", "n"].randomElement(using: &random) ?? "m",
                outcome: UsageRecord.Outcome.allCases.randomElement(using: &random) ?? .success,
                tenantKey: [nil, "t1-0", "t1-1"].randomElement(using: &random) ?? nil)
            record.provider = ["groq", "openai"].randomElement(using: &random) ?? "groq"
            record.key = record.provider + "-0"
            // Neither in order nor apart: attempts end when they will.
            let hour = Int64.random(in: 0...200, using: &random)
            record.timestamp = WallTime(
                nanosecondsSince1970: 1_795_000_000_000_000_000 + hour * 3_600_000_000_000)
            records.append(record)
        }
        return records
    }

    private func filters(of records: [UsageRecord]) throws -> [LedgerFilter] {
        let times = records.map(\.timestamp).sorted()
        let (from, to) = (times[times.count / 4], times[times.count / 2])
        return [
            LedgerFilter(), LedgerFilter(tenant: "t1"), LedgerFilter(from: from),
            LedgerFilter(from: from, to: to), LedgerFilter(to: to),
            LedgerFilter(tenant: "t2", from: from, to: to),
            LedgerFilter(tenant: "t1", tenantKey: "t1-1", to: to),
            LedgerFilter(provider: "openai", model: "n"),
            LedgerFilter(from: from, key: "groq-0", outcome: .failure), LedgerFilter(tenant: "nobody"),
            LedgerFilter(model: "nothing"),
        ]
    }

    @Test(arguments: [1, 2, 3]) func `every page order shows each record of a filter once`(
        seed: UInt64
    ) async throws {
        let store = try fixture.open()
        let all = records(300, seed: seed)
        try await store.keep(all)
        for filter in try filters(of: all) {
            let wanted = all.filter { filter.matches($0) }
            for limit in [1_000, 7] {
                var found: [StoredRecord] = []
                var place: LedgerPlace?
                while true {
                    let page = try await store.records(filter, after: place, limit: limit)
                    found += page
                    guard page.count == limit, let last = page.last else { break }
                    let ended = LedgerPlace(after: last)
                    place = LedgerPlace(ended.text)
                    #expect(place == ended)
                }
                #expect(Set(found.map(\.number)).count == found.count)
                let ids = try found.map { try UsageRecord(json: $0.json).id }
                #expect(Set(ids) == Set(wanted.map(\.id)), "\(filter), pages of \(limit)")
                if filter.from != nil { #expect(found.map(\.time) == found.map(\.time).sorted()) }
            }
        }
        await store.close()
    }

    @Test(arguments: [1, 2]) func `sums are those of a model, to the last billionth`(seed: UInt64)
        async throws
    {
        let store = try fixture.open()
        let all = records(400, seed: seed)
        try await store.keep(all)
        let groupings: [[LedgerGroup]] = [
            [], [.tenant], [.day], [.tenant, .tenantKey, .model], [.provider, .key, .outcome],
            LedgerGroup.allCases,
        ]
        let reader = try LedgerReader(directory: fixture.directory)
        for filter in try filters(of: all) {
            for groups in groupings {
                let sums = try await store.sums(filter, by: groups)
                let model = Self.sums(all.filter { filter.matches($0) }, by: groups)
                #expect(Dictionary(uniqueKeysWithValues: sums.map { (Self.key($0, groups), $0) }) == model)
                #expect(try reader.sums(filter, by: groups) == sums)
            }
        }
        await store.close()
    }

    private static func key(_ sum: LedgerSum, _ groups: [LedgerGroup]) -> [String] {
        groups.map { sum.values[$0] ?? "?" } + [sum.currency ?? ""]
    }

    private static func sums(_ records: [UsageRecord], by groups: [LedgerGroup]) -> [[String]: LedgerSum] {
        var sums: [[String]: LedgerSum] = [:]
        for record in records {
            let values = Dictionary(uniqueKeysWithValues: groups.map { ($0, $0.value(of: record)) })
            let empty = LedgerSum(values: values, currency: record.cost?.currency)
            let key = Self.key(empty, groups)
            var sum = sums[key] ?? empty
            sum.records += 1
            sum.promptTokens += Int64(record.usage?.promptTokens ?? 0)
            sum.completionTokens += Int64(record.usage?.completionTokens ?? 0)
            sum.nano += record.cost?.nano ?? 0
            sums[key] = sum
        }
        return sums
    }

    @Test func `a tenant's range of sequences is that of its time`() async throws {
        let store = try fixture.open()
        let all = records(200, seed: 9)
        try await store.keep(all)
        let times = all.map(\.timestamp).sorted()
        let filter = LedgerFilter(tenant: "t1", from: times[50], to: times[100])
        let found = try await store.records(filter, limit: 1_000).map(\.sequence)
        let range = try await store.sequences(filter)
        #expect(range?.lowerBound == found.min() && range?.upperBound == found.max())
        #expect(try await store.sequences(LedgerFilter(tenant: "nobody")) == nil)
        await store.close()
    }

    @Test(arguments: ["", "1", "1.2", "1.2.3.4", "1.2.x", "1.2.99999999999999999"])
    func `what is no place is refused`(text: String) {
        #expect(LedgerPlace(text) == nil)
    }
}

extension LedgerFilter {
    fileprivate func matches(_ record: UsageRecord) -> Bool {
        (tenant ?? record.tenant) == record.tenant
            && (tenantKey == nil || tenantKey == record.tenantKey)
            && (from.map { $0 <= record.timestamp } ?? true) && (to.map { record.timestamp < $0 } ?? true)
            && (provider ?? record.provider) == record.provider && (model ?? record.model) == record.model
            && (key ?? record.key) == record.key && (outcome ?? record.outcome) == record.outcome
    }
}

extension LedgerGroup {
    fileprivate func value(of record: UsageRecord) -> String {
        switch self {
        case .tenant: record.tenant
        case .tenantKey: record.tenantKey ?? ""
        case .model: record.model
        case .provider: record.provider
        case .key: record.key
        case .day: String(InternetDate.print(record.timestamp).prefix(10))
        case .outcome: record.outcome.rawValue
        }
    }
}
