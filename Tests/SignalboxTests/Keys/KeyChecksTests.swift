import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxRouting
import SignalboxTelemetry
import SignalboxTesting
import Testing

@testable import Signalbox
@testable import SignalboxKeys

@Suite(.timeLimit(.minutes(2))) struct KeyChecksTests {
    private static let bad = KeyReport(.invalid, message: "no", proof: KeyProof(exists: false))
    private static let good = KeyReport(.valid, message: "yes", proof: KeyProof(exists: true))

    private func router(_ change: (inout Configuration) -> Void = { _ in }) throws -> TestRouter {
        try TestRouter(models: ["m", "n"]) { configuration in
            for number in 0..<2 {
                configuration.providers[number].keys = (0..<2).map {
                    Configuration.Key(alias: "p\(number)-\($0)", secret: Secret("sk-\(number)\($0)"))
                }
            }
            change(&configuration)
        }
    }

    private func states(_ router: Router) -> [String: String] {
        let keys = router.status().providers.flatMap(\.standing.keys)
        return Dictionary(uniqueKeysWithValues: keys.map { ($0.alias, $0.state.text) })
    }

    @Test func `a verdict is heeded for its key alone`() throws {
        let place = try router()
        place.router.heed(Self.bad, ofKey: "p1-0", secret: Secret("sk-10"), at: "p1")
        #expect(
            states(place.router) == [
                "p0-0": "good", "p0-1": "good", "p1-0": "key_rejected", "p1-1": "good",
            ])
        place.router.heed(Self.good, ofKey: "p1-0", secret: Secret("sk-10"), at: "p1")
        #expect(Set(states(place.router).values) == ["good"])
    }

    @Test func `a verdict on a key that is another one by now, or gone, is not heeded`() throws {
        let place = try router()
        for (alias, secret, name) in [
            ("p0-0", "sk-before", "p0"), ("p0-7", "sk-00", "p0"), ("p0-0", "sk-00", "p7"),
            ("p0-0", "sk-00", "p1"),
        ] {
            place.router.heed(Self.bad, ofKey: alias, secret: Secret(secret), at: name)
        }
        #expect(Set(states(place.router).values) == ["good"])
    }

    @Test func `verdicts that say nothing of requests change nothing`() throws {
        let place = try router()
        for state in [KeyState.rateLimited, .providerDown, .unknown, .missingScope] {
            place.router.heed(
                KeyReport(state, message: ""), ofKey: "p0-0", secret: Secret("sk-00"), at: "p0")
        }
        #expect(states(place.router)["p0-0"] == "good")
    }

    @Test func `keys are watched as their provider's settings say`() async throws {
        let vendor = try KeyVendor()
        defer { vendor.stop() }
        var configuration = vendor.configuration(keys: "sk-first", "sk-second")
        configuration.keyChecks?.retry = .seconds(60)
        var own = Configuration.KeyChecks()
        (own.interval, own.jitter, own.requestsPerMinute, own.retry) = (.seconds(2), 0.5, 7, .seconds(30))
        var other = configuration.providers[0]
        (other.name, other.keyChecks) = ("other", .own(own))
        other.keys = [Configuration.Key(alias: "other-0", secret: Secret("sk-third"))]
        var unwatched = other
        (unwatched.name, unwatched.keyChecks) = ("unwatched", .off)
        configuration.providers += [
            other, unwatched, Configuration.Provider(name: "mock", kind: .mock, models: ["m"]),
        ]
        let place = try TestRouter(models: ["m"]) { $0 = configuration }
        let watched = place.router.watchedKeys
        #expect(watched.map(\.alias) == ["openai-0", "openai-1", "other-0"])
        #expect(watched.map(\.interval) == [.seconds(900), .seconds(900), .seconds(2)])
        // Never later than the usual turn.
        #expect(watched.map(\.retry) == [.seconds(60), .seconds(60), .seconds(2)])
        #expect(watched.map(\.jitter) == [0.1, 0.1, 0.5])
        #expect(watched.map(\.requestsPerMinute) == [60, 60, 7])
        #expect(watched.map(\.kind) == ["openai", "openai", "openai"] && watched[0].models == ["m"])
    }

    @Test func `other checks leave a provider its connections, and a key that stays its traffic`()
        async throws
    {
        let vendor = try KeyVendor()
        defer { vendor.stop() }
        var configuration = vendor.configuration(keys: "sk-first", "sk-second")
        let place = try TestRouter(models: ["m"]) { $0 = configuration }
        let before = place.router.currentTable.providers[0]
        configuration.providers[0].keyChecks = .off
        try await place.router.update(configuration)
        #expect(place.router.currentTable.providers[0] === before)
        #expect(place.router.watchedKeys.isEmpty)
        configuration.providers[0].keyChecks = .inherited
        configuration.providers[0].keys[1].secret = Secret("sk-changed")
        try await place.router.update(configuration)
        let after = place.router.currentTable.providers[0]
        #expect(after !== before)
        #expect(after.keys[0].traffic === before.keys[0].traffic)
        #expect(after.keys[1].traffic !== before.keys[1].traffic)
    }

    @Test(arguments: [
        (nil, true, false), (FailureKind.keyRejected, false, true), (.noCredit, false, true),
        (.overloaded, false, false), (.rateLimited, false, false), (.accessMissing, false, false),
        (.cancelled, false, false), (.invalidRequest, false, false),
    ])
    func `an attempt tells of its key what it has shown`(
        failure: FailureKind?, isProof: Bool, isRefusal: Bool
    ) {
        let traffic = KeyTraffic()
        traffic.ended(failure, at: Instant(nanoseconds: 5_000_000_000))
        #expect((traffic.lastProof != nil) == isProof)
        #expect(traffic.takeRefusal() == isRefusal)
    }

    @Test func `answers prove the key that they were made with`() throws {
        let place = try router()
        try place.ask()
        let keys = place.router.currentTable.providers[0].keys
        #expect(keys.map { $0.traffic?.lastProof != nil } == [true, false])
    }
}
