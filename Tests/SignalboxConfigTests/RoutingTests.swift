import SignalboxConfig
import SignalboxCore
import Testing

@Suite struct RoutingTests {
    @Test func `what all routes share is read, and has its defaults`() throws {
        let shared = try Desk(
            "routing: {seed: 9223372036854775807, queue: {max: 0, wait: 1m}, affinity: {ttl: 24h}}\n"
                + Desk.provider
        ).load().routing
        #expect(shared.seed == UInt64(Int64.max))
        #expect(shared.queue.requestsMax == 0)
        #expect(shared.queue.wait == .seconds(60))
        #expect(shared.queue.aging == .seconds(5))
        #expect(shared.affinity.timeToLive == .seconds(86_400))
        #expect(shared.affinity.sessionsMax == 100_000)
        let seedless = try Desk(Desk.provider).load().routing
        #expect(seedless == Configuration.Routing())
        #expect(seedless.seed == nil)
    }

    @Test func `a route says how its targets are ordered and what becomes of trouble`() throws {
        let loaded = try Desk(
            Desk.provider + """

                routes:
                  - model: c
                    strategy: adaptive
                    targets: [{provider: a, model: m, weight: 0.25, priority: 100}, a]
                    by_priority: {critical: [a/m], low: [{provider: a, priority: 1}]}
                    adaptive: {high: [1, 0, 0.5]}
                    on_interrupt: hold
                    hold: {bytes_max: 2KiB}
                    wait_for_preferred: 50ms
                    hedge_after: 800ms
                    affinity: false
                """
        ).load()
        let route = try #require(loaded.routes.first)
        #expect(route.strategy == .adaptive)
        #expect(route.targets.map(\.weight) == [0.25, 1])
        #expect(route.targets.map(\.priority) == [100, 0])
        #expect(route.targets(for: .critical) == [Configuration.Target(provider: "a", models: ["m"])])
        #expect(route.targets(for: .high) == route.targets)
        #expect(route.targets(for: .low).map(\.priority) == [1])
        let weights = Configuration.Adaptive.Weights(capacity: 1, latency: 0, weight: 0.5)
        #expect(route.adaptive[.critical] == weights)
        #expect(route.adaptive[.high] == weights)
        #expect(route.adaptive[.normal] == Configuration.Adaptive().normal)
        #expect(route.onInterrupt == .hold)
        #expect(route.hold.bytesMax == 2_048)
        #expect(route.hold.time == .seconds(60))
        #expect(route.waitForPreferred == .milliseconds(50))
        #expect(route.hedgeAfter == .milliseconds(800))
        #expect(!route.keepsSessions)
    }

    @Test(arguments: Configuration.Route.Strategy.allCases)
    func `a strategy takes a target's weight, or refuses it`(strategy: Configuration.Route.Strategy) {
        let price = "price: {input: 1, output: 1, currency: USD}"
        let mistakes = Desk(
            """
            providers: [{name: a, kind: mock, models: [{name: m, \(price)}]}]
            routes: [{model: c, strategy: \(strategy.rawValue), targets: [{provider: a, weight: 2}]}]
            """
        ).mistakes()
        #expect(mistakes.isEmpty == [.ordered, .weighted, .adaptive].contains(strategy))
    }

    @Test func `targets without a price, and other currencies in another list, are no mistake`() throws {
        let loaded = try Desk(
            """
            providers:
              - {name: a, kind: mock, models: [{name: m, price: {input: 1, output: 2, currency: USD}}, n]}
              - {name: b, kind: mock, models: [{name: m, price: {input: 3, output: 4, currency: RUB}}]}
            routes:
              - {model: c, strategy: lowest-cost, targets: [a, a/n], by_priority: {low: [b, a/n]}}
            """
        ).load()
        let route = try #require(loaded.routes.first)
        #expect(route.targets.map { loaded.price(of: $0)?.currency } == ["USD", nil])
        #expect(route.targets(for: .low).map { loaded.price(of: $0)?.currency } == ["RUB", nil])
    }
}
