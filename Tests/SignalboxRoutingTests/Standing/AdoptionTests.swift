import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct AdoptionTests {
    private static let a = KeyIdentity(alias: "a", fingerprint: 1)
    private static let b = KeyIdentity(alias: "b", fingerprint: 2)
    private static let c = KeyIdentity(alias: "c", fingerprint: 3)

    private func adopt(
        _ desk: inout StandingDesk, _ keys: [KeyIdentity], _ models: [String] = ["m", "n"],
        settings: StandingSettings = StandingSettings()
    ) -> Places {
        desk.standing.adopt(settings, keys: keys, models: models, at: desk.now)
    }

    @Test func `keys and models that stay keep their places and what is known of them`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected, key: 1)
        try desk.fail(.modelNotFound, model: 1)
        let places = adopt(&desk, [Self.b, Self.c, Self.a], ["n", "o", "m"])
        #expect(places == Places(keys: [1, 2, 0], models: [1, 2, 0]))
        #expect(desk.peek(key: 1) == .out(.keyRejected))
        #expect(desk.peek(model: 1) == .out(.modelNotFound))
        #expect(desk.peek(key: 2, model: 2) == .open)
    }

    @Test func `another secret behind the same alias is another key`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected)
        let places = adopt(&desk, [KeyIdentity(alias: "a", fingerprint: 9), Self.b])
        #expect(places.keys == [2, 1])
        #expect(desk.peek(key: 2) == .open)
    }

    @Test func `a removed key's place is good for its attempts, and for requests that began before`() throws {
        var desk = StandingDesk()
        let ticket = try desk.ticket(key: 1)
        _ = adopt(&desk, [Self.a])
        #expect(desk.peek(key: 1) == .open)
        _ = desk.settle(ticket)
        #expect(desk.standing.view(tokens: 0, at: desk.now).inFlight == 0)
        #expect(desk.standing.status(at: desk.now).keys.map(\.alias) == ["a"])
    }

    @Test func `a key that is taken back finds what was known of it`() throws {
        var desk = StandingDesk()
        try desk.fail(.keyRejected, key: 1)
        _ = adopt(&desk, [Self.a])
        #expect(adopt(&desk, [Self.a, Self.b]).keys == [0, 1])
        #expect(desk.peek(key: 1) == .out(.keyRejected))
    }

    @Test func `places are given again after an hour, once nothing is in flight there`() throws {
        var desk = StandingDesk()
        try desk.fail(.noCredit, key: 1)
        try desk.fail(.accessMissing, model: 1)
        let ticket = try desk.ticket(key: 0)
        _ = adopt(&desk, [Self.c], ["o"])
        desk.wait(.seconds(3_599))
        #expect(adopt(&desk, [Self.c, KeyIdentity(alias: "d", fingerprint: 4)], ["o"]).keys == [2, 3])
        desk.wait(.seconds(1))
        let keys = [Self.c, KeyIdentity(alias: "e", fingerprint: 5), KeyIdentity(alias: "f", fingerprint: 6)]
        #expect(adopt(&desk, keys, ["o", "p", "q"]) == Places(keys: [2, 1, 4], models: [2, 1, 3]))
        #expect(desk.peek(key: 1, model: 1) == .open)
        #expect(desk.peek(key: 0, model: 1) == .open)
        _ = desk.settle(ticket)
    }

    @Test func `churn of keys without end takes no memory without end`() {
        var desk = StandingDesk()
        var placesMax = 0
        for round in 0..<1_000 {
            let key = KeyIdentity(alias: "a", fingerprint: UInt64(100 + round))
            placesMax = max(placesMax, adopt(&desk, [key], ["m\(round)"]).keys[0])
            desk.wait(.seconds(600))
        }
        #expect(placesMax < 10)
    }

    @Test func `other limits count what went before`() throws {
        var desk = StandingDesk()
        for _ in 0..<5 { try desk.attempt() }
        _ = adopt(
            &desk, [Self.a, Self.b], settings: StandingSettings(limits: .init(requestsPerMinute: 5)))
        #expect(desk.peek() == .limited(for: .seconds(61)))
        _ = adopt(&desk, [Self.a, Self.b], settings: StandingSettings())
        #expect(desk.peek() == .open)
    }
}
