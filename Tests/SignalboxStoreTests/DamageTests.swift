import Foundation
import GRDB
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

struct DamageTests {
    let fixture: StoreFixture
    /// Where sequences go on that may have been given out before.
    let floor: Int64

    init() throws {
        fixture = try StoreFixture()
        floor = fixture.clock.wallTime().microseconds
    }

    /// Sixty records of two tenants, a webhook of one, one delivery pending and one dead; all in the file.
    private func fill() async throws {
        let store = try fixture.open()
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "a")])
        for _ in 0..<30 { try await store.keep(["a", "b"].map { fixture.record(tenant: $0) }) }
        let dead = try #require(try await store.freeze("e", recordsMax: 10))
        try await store.attempted(dead.header.id, .dead(error: "410"))
        _ = try #require(try await store.freeze("e", recordsMax: 10))
        await store.close()
    }

    private func sequences(_ store: UsageStore, of tenant: String) async throws -> [Int64] {
        try await store.records(LedgerFilter(tenant: tenant), limit: 1_000).map(\.sequence)
    }

    @Test func `a file that was closed well is opened without a word`() async throws {
        try await fill()
        let store = try fixture.open()
        try await store.keep([fixture.record(tenant: "a")])
        #expect(try await sequences(store, of: "a") == Array(1...31))
        await store.close()
    }

    @Test func `a killed process loses nothing that was committed, and numbers go on`() async throws {
        let store = try fixture.open()
        try await store.keep((0..<50).map { _ in fixture.record(tenant: "a") })
        let crashed = try fixture.crashCopy()
        await store.close()
        let again = try crashed.open()
        try await again.keep([crashed.record(tenant: "a")])
        #expect(try await sequences(again, of: "a") == Array(1...51))
        await again.close()
    }

    @Test func `a torn write at the end of the log is no loss`() async throws {
        let store = try fixture.open()
        try await store.keep((0..<50).map { _ in fixture.record(tenant: "a") })
        let crashed = try fixture.crashCopy()
        await store.close()
        try crashed.damage("usage.db-wal") { $0 += (0..<3_000).map { UInt8(truncatingIfNeeded: $0) } }
        let again = try crashed.open()
        #expect(try await sequences(again, of: "a") == Array(1...50))
        await again.close()
    }

    @Test(arguments: ["header", "tail", "empty"])
    func `a damaged log is told of, kept, and no sequence is given out twice`(part: String) async throws {
        let store = try fixture.open()
        for _ in 0..<20 { try await store.keep([fixture.record(tenant: "a")]) }
        let crashed = try fixture.crashCopy()
        await store.close()
        try crashed.damage("usage.db-wal") { bytes in
            switch part {
            case "header": for index in 0..<32 { bytes[index] = 0xAA }
            case "tail": for index in bytes.count - 9_000..<bytes.count { bytes[index] = 0xAA }
            default: bytes = []
            }
        }
        let (again, findings) = try crashed.openDamaged()
        #expect(findings.map(\.kind).contains(.lost))
        #expect(try crashed.names.contains { $0.hasPrefix("usage.db-wal.damaged-") } == (part != "empty"))
        try await again.keep([crashed.record(tenant: "a"), crashed.record(tenant: "new")])
        let kept = try await sequences(again, of: "a")
        #expect(kept.dropLast().elementsEqual(1..<Int64(kept.count)))
        #expect(kept.last == floor + 1)
        #expect(try await sequences(again, of: "new") == [floor + 1])
        await again.close()
    }

    @Test(arguments: [1, 2, 3, 5, 8, 11, 13, 17, 21, 25])
    func `whatever page is overwritten, the rest is kept and what is gone is named`(page: Int) async throws {
        try await fill()
        try fixture.damage("usage.db") { bytes in
            let start = min(page * 4_096, bytes.count - 4_096)
            for index in start..<start + 4_096 { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
        }
        let (store, findings) = try fixture.openDamaged()
        #expect(findings.first?.kind == .setAside)
        let kept = try await sequences(store, of: "a").count + sequences(store, of: "b").count
        let salvaged = try #require(findings.first { $0.kind == .salvaged })
        #expect(salvaged.message.hasPrefix("\(kept) records"))
        if kept < 60 { #expect(findings.contains { $0.kind == .lost }) }
        try await store.keep([fixture.record(tenant: "a")])
        let next = try #require(try await sequences(store, of: "a").last)
        #expect(next == (findings.contains { $0.kind == .lost } ? floor + 1 : 31))
        await store.close()
        await (try fixture.open()).close()
    }

    @Test func `records behind a broken page are found, and the gap between is spelled out`() async throws {
        let store = try fixture.open()
        for _ in 0..<300 { try await store.keep([fixture.record(tenant: "a")]) }
        await store.close()
        try fixture.damage("usage.db") { bytes in
            let page = bytes.count / 4_096 / 2 * 4_096
            for index in page..<page + 4_096 { bytes[index] = 0 }
        }
        let (again, findings) = try fixture.openDamaged()
        let kept = try await sequences(again, of: "a")
        #expect((285..<300).contains(kept.count))
        #expect(kept.first == 1)
        #expect(kept.last == 300)
        let missing = Set(Int64(1)...300).subtracting(kept)
        let lost = try #require(findings.first { $0.kind == .lost })
        #expect(lost.message.contains("\(missing.count) sequences missing"))
        await again.close()
    }

    @Test func `of half a file, the records in that half are kept`() async throws {
        let store = try fixture.open()
        for _ in 0..<300 { try await store.keep([fixture.record(tenant: "a")]) }
        await store.close()
        try fixture.damage("usage.db") { $0.removeLast($0.count / 2 / 4_096 * 4_096) }
        let (again, findings) = try fixture.openDamaged()
        #expect(findings.map(\.kind).contains(.lost))
        // A third of so small a file is nothing but roots of trees.
        let kept = try await sequences(again, of: "a")
        #expect(kept.count > 50)
        #expect(kept == Array(1...Int64(kept.count)))
        await again.close()
    }

    @Test func `a file without its header is set aside whole, and numbers go on after it`() async throws {
        try await fill()
        try fixture.damage("usage.db") { bytes in for index in 0..<100 { bytes[index] = 0 } }
        let (store, findings) = try fixture.openDamaged()
        #expect(findings.map(\.kind) == [.setAside, .lost])
        #expect(try fixture.names.contains { $0.hasPrefix("usage.db.damaged-") })
        try await store.keep([fixture.record(tenant: "a")])
        #expect(try await sequences(store, of: "a") == [floor + 1])
        await store.close()
    }

    @Test func `a file that has vanished is told of`() async throws {
        try await fill()
        try fixture.damage("usage.db") { $0 = [] }
        let (store, findings) = try fixture.openDamaged()
        #expect(findings.map(\.kind) == [.lost])
        await store.close()
    }

    @Test func `pending deliveries and dead letters come through a salvage`() async throws {
        try await fill()
        // An index: nothing of it is needed.
        try fixture.damage("usage.db") { bytes in bytes[4_096 * 3] = 0xFF }
        let (store, _) = try fixture.openDamaged()
        let due = try await store.due(at: fixture.clock.wallTime(), endpoint: "e", limit: 10)
        #expect(due.map(\.first) == [11])
        for header in due { #expect(try await store.body(of: header.id).count == header.bytes) }
        #expect(try await store.deadLetters(endpoint: "e", limit: 10).map(\.first) == [1])
        #expect(store.standing(of: "e")?.pending == 20)
        #expect(store.standing(of: "e")?.cursor == 20)
        await store.close()
    }

    @Test func `after a backup was restored no sequence is given out twice`() async throws {
        try await fill()
        try Data().write(to: URL(fileURLWithPath: "\(fixture.directory)/usage.restored"))
        let (store, findings) = try fixture.openDamaged()
        #expect(findings.map(\.kind) == [.lost])
        try await store.keep([fixture.record(tenant: "a")])
        #expect(try await sequences(store, of: "a") == Array(1...30) + [floor + 1])
        #expect(store.standing(of: "e")?.pending == 21)
        await store.close()
        await (try fixture.open()).close()
    }

    @Test func `files are their owner's alone`() async throws {
        let store = try fixture.open()
        try await store.keep([fixture.record()])
        for name in try fixture.names {
            let traits = try FileManager.default.attributesOfItem(atPath: "\(fixture.directory)/\(name)")
            #expect(traits[.posixPermissions] as? Int == 0o600, "\(name)")
        }
        await store.close()
    }

    @Test func `a file of a newer version is refused and left alone`() async throws {
        try await fill()
        let pool = try StoreDatabase(StoreFiles(fixture.directory)).open()
        try await pool.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99')") }
        try pool.close()
        #expect(throws: StoreError.newer(path: "\(fixture.directory)/usage.db")) { try fixture.openDamaged() }
    }
}
