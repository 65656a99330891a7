import Foundation
import Glibc
import GRDB
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxStore

struct FullDiskTests {
    let fixture: StoreFixture
    let events = SeenEvents()

    init() throws {
        fixture = try StoreFixture()
    }

    private func limitPages(_ store: UsageStore, to pages: Int) async throws {
        try await store.pool.writeWithoutTransaction { db in
            _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = \(pages)")
        }
    }

    private func sequences(_ store: UsageStore) async throws -> [Int64] {
        try await store.records(LedgerFilter(tenant: "t1"), limit: 100_000).map(\.sequence)
    }

    @Test func `a write that does not fit is undone whole, and the store recovers by itself`() async throws {
        let store = try fixture.open(observer: events)
        try await store.keep((0..<50).map { _ in fixture.record() })
        try await limitPages(store, to: 1)
        let tried = (0..<300).map { _ in fixture.record() }
        let kept = try await store.keepWhatFits(tried)
        #expect(kept < 300)
        guard case .full(.disk) = store.condition else {
            Issue.record("\(store.condition)")
            return
        }
        #expect(throws: store.failure) { try store.append(fixture.record()) }
        fixture.clock.advance(by: .seconds(5))
        try await limitPages(store, to: 1_000_000)
        try await store.settle()
        #expect(store.condition == .healthy)
        try await store.keep([fixture.record()])
        #expect(try await sequences(store) == Array(1...Int64(50 + kept + 1)))
        try await store.settle()
        #expect(events.now.committed == 51 + kept)
        #expect(events.now.lost >= 1)
        #expect(events.now.conditions.count == 2)
        await store.close()
    }

    @Test func `a full store is not tried before its time`() async throws {
        let store = try fixture.open(observer: events)
        try await limitPages(store, to: 1)
        _ = try await store.keepWhatFits((0..<300).map { _ in fixture.record() })
        try await limitPages(store, to: 1_000_000)
        fixture.clock.advance(by: .seconds(4))
        _ = store.standings
        #expect(throws: store.failure) { try store.append(fixture.record()) }
        await store.close()
    }

    @Test func `records that nobody waits for make room, oldest first, and stay in what was spent`()
        async throws
    {
        var settings = fixture.settings
        settings.sizeMax = 1 << 20
        let store = try fixture.open(settings, observer: events)
        for _ in 0..<60 { try await store.keep((0..<50).map { _ in fixture.record() }) }
        try await store.settle()
        #expect(store.condition == .healthy)
        #expect(events.now.lost == 0)
        #expect(events.now.purgedForRoom > 1_000)
        #expect(events.now.purged == events.now.purgedForRoom)
        let left = try await sequences(store)
        #expect(left == Array(3_001 - Int64(left.count)...3_000))
        let day = WallTime(microseconds: fixture.clock.wallTime().day * 86_400_000_000)
        let spent = try await store.spent(tenant: "t1", since: day)
        #expect(spent.records == 3_000)
        #expect(spent.tokens == 45_000)
        #expect(spent.nano == ["USD": 4_500_000])
        await store.close()
        #expect(store.bytesOnDisk < 2 << 20)
        let again = try fixture.open(settings)
        try await again.keep([fixture.record()])
        #expect(try await sequences(again).last == 3_001)
        await again.close()
    }

    @Test func `records that wait fill the store, and room comes as they are delivered`() async throws {
        var settings = fixture.settings
        settings.sizeMax = 1 << 20
        let store = try fixture.open(settings, observer: events)
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "t1")])
        let kept = try await store.keepWhatFits((0..<2_000).map { _ in fixture.record() })
        #expect(kept < 2_000)
        #expect(store.condition == .full(.full(sizeMax: 1 << 20)))
        #expect(try await sequences(store) == Array(1...Int64(kept)))
        var delivered = 0
        while let delivery = try await store.freeze("e", recordsMax: 400, bytesMax: 1 << 20) {
            try await store.attempted(delivery.header.id, .delivered)
            delivered += delivery.header.records
        }
        #expect(delivered == kept)
        fixture.clock.advance(by: .seconds(5))
        try await store.settle()
        #expect(store.condition == .healthy)
        try await store.keep([fixture.record()])
        #expect(try await sequences(store).last == Int64(kept + 1))
        await store.close()
    }

    @Test(.enabled(if: TinyDisk.isPossible, "NOT RUN: it takes the right to mount a file system"))
    func `a disk that runs full loses no record that was acknowledged`() async throws {
        let disk = try TinyDisk(directory: fixture.directory, bytes: 6 << 20)
        defer { disk.unmount() }
        var settings = fixture.settings
        settings.directory += "/disk"
        let store = try fixture.open(settings, observer: events)
        try await store.register(endpoints: [EndpointIdentity(name: "e", tenant: "t1")])
        let ballast = "\(settings.directory)/ballast"
        try Data(count: 4 << 20).write(to: URL(fileURLWithPath: ballast))
        var kept = 0
        while store.condition == .healthy {
            kept += try await store.keepWhatFits((0..<20).map { _ in fixture.record() })
        }
        guard case .full(.disk) = store.condition else {
            Issue.record("\(store.condition)")
            return
        }
        #expect(try await sequences(store) == Array(1...Int64(kept)))
        try FileManager.default.removeItem(atPath: ballast)
        fixture.clock.advance(by: .seconds(5))
        try await store.settle()
        #expect(store.condition == .healthy)
        try await store.keep([fixture.record()])
        #expect(try await sequences(store) == Array(1...Int64(kept + 1)))
        #expect(store.standing(of: "e")?.pending == Int64(kept + 1))
        await store.close()
        let again = try fixture.open(settings)
        #expect(try await sequences(again) == Array(1...Int64(kept + 1)))
        await again.close()
    }
}

extension UsageStore {
    fileprivate var failure: StoreError {
        guard case .full(let error) = condition else { return .closed }
        return error
    }
}

/// A file system of a few megabytes, in memory.
private struct TinyDisk {
    struct Refused: Error {
        let code: Int32
    }

    private let place: String

    static var isPossible: Bool {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("disk-\(UUID())").path
        guard mkdir(place, 0o700) == 0 else { return false }
        defer { rmdir(place) }
        guard mount("tmpfs", place, "tmpfs", 0, "size=1m") == 0 else { return false }
        return umount(place) == 0
    }

    init(directory: String, bytes: Int) throws {
        place = "\(directory)/disk"
        guard mkdir(place, 0o700) == 0, mount("tmpfs", place, "tmpfs", 0, "size=\(bytes)") == 0 else {
            throw Refused(code: errno)
        }
    }

    func unmount() {
        umount(place)
    }
}
