import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct StrategyTests {
    @Test func `ordered keeps the list's order within tiers, lower tiers first`() {
        let traits = [2, 0, 1, 0].enumerated().map { TargetTraits(provider: $0.offset, tier: $0.element) }
        #expect(order(.ordered, traits) == [1, 3, 2, 0])
    }

    @Test func `round-robin begins one further each time, within each tier, and goes round`() {
        let traits = [0, 0, 0, 1, 1].enumerated().map { TargetTraits(provider: $0.offset, tier: $0.element) }
        #expect(order(.roundRobin, traits, turn: 0) == [0, 1, 2, 3, 4])
        #expect(order(.roundRobin, traits, turn: 1) == [1, 2, 0, 4, 3])
        #expect(order(.roundRobin, traits, turn: 5) == [2, 0, 1, 4, 3])
        #expect(order(.roundRobin, traits, turn: -1).sorted() == [0, 1, 2, 3, 4])
    }

    @Test func `random puts each target in each place equally often`() {
        let orders = orders(.random, plain(4))
        for place in 0..<4 {
            for target in 0..<4 {
                let share = orders.share { $0[place] == target }
                #expect(abs(share - 0.25) < 0.02, "target \(target) in place \(place): \(share)")
            }
        }
    }

    @Test func `weighted draws by weight, and again by weight from the rest`() {
        let traits = [1.0, 2, 5, 0].enumerated().map {
            TargetTraits(provider: $0.offset, weight: $0.element)
        }
        let orders = orders(.weighted, traits)
        for (target, weight) in [1.0, 2, 5].enumerated() {
            #expect(abs(orders.share { $0[0] == target } - weight / 8) < 0.02)
        }
        let afterLargest = orders.filter { $0[0] == 2 }
        #expect(abs(afterLargest.share { $0[1] == 1 } - 2.0 / 3) < 0.02)
        #expect(orders.allSatisfy { $0[3] == 3 })
    }

    @Test func `first-available takes the first good one and goes round from it`() {
        var views = views(4)
        views[0].isOpen = false
        views[1].health = .unhealthy
        #expect(order(.firstAvailable, plain(4), views) == [2, 3, 0, 1])
        views[3].health = .degraded
        #expect(order(.firstAvailable, plain(4), views) == [2, 3, 0, 1])
        views[2].isOpen = false
        #expect(order(.firstAvailable, plain(4), views) == [3, 0, 1, 2])
        #expect(
            reasons(.firstAvailable, plain(4), views) == [
                .firstAvailable, .closedOff, .unhealthy, .closedOff,
            ])
    }

    @Test func `best-available prefers health, then latency, and measures what it does not know`() {
        var views = views(4)
        views[0].latencyMean = .milliseconds(400)
        views[1].latencyMean = .milliseconds(100)
        views[1].health = .degraded
        views[2].latencyMean = .milliseconds(300)
        #expect(order(.bestAvailable, plain(4), views) == [3, 2, 0, 1])
        #expect(reasons(.bestAvailable, plain(4), views) == [.latency, .latency, .latency, .degraded])
    }

    @Test func `least-busy compares shares of the caps, ties in the list's order`() {
        let traits = [10, 100, nil, 10].enumerated().map {
            TargetTraits(provider: $0.offset, concurrencyMax: $0.element)
        }
        var views = views(4)
        views[0].inFlight = 2
        views[1].inFlight = 10
        views[2].inFlight = 15
        views[3].inFlight = 1
        #expect(order(.leastBusy, traits, views) == [1, 3, 2, 0])
        #expect(order(.leastBusy, traits) == [0, 1, 2, 3])
    }

    @Test func `lowest-cost weighs both prices by the request's size, and puts what has none last`() {
        let traits = [
            TargetTraits(provider: 0),
            TargetTraits(provider: 1, price: TokenPrice(input: 100, output: 900, currency: "USD")),
            TargetTraits(provider: 2, price: TokenPrice(input: 300, output: 300, currency: "USD")),
            TargetTraits(provider: 3, price: TokenPrice(input: 1, output: 1, currency: "RUB")),
        ]
        let long = RequestSize(promptTokens: 10_000, answerTokens: 100)
        #expect(order(.lowestCost, traits, size: long) == [1, 2, 0, 3])
        let talkative = RequestSize(promptTokens: 100, answerTokens: 1_000)
        #expect(order(.lowestCost, traits, size: talkative) == [2, 1, 0, 3])
        #expect(reasons(.lowestCost, traits) == [.cost, .cost, .noPrice, .noPrice])
    }

    @Test(arguments: Strategy.allCases)
    func `a pinned provider's targets come first, then the session's own, whatever their tier`(
        strategy: Strategy
    ) {
        let traits = [0, 0, 1, 1].enumerated().map {
            TargetTraits(provider: $0.offset == 3 ? 2 : $0.offset, tier: $0.element)
        }
        var views = views(4)
        views[2].isOpen = false
        let order = order(strategy, traits, views, pinned: 2, sticky: 1)
        #expect(Set(order.prefix(2)) == [2, 3])
        #expect(order.suffix(2) == [1, 0])
    }

    @Test(arguments: Strategy.allCases)
    func `a session's target that is no good has no privilege`(strategy: Strategy) {
        for ruin in [{ $0.isOpen = false }, { $0.health = .unhealthy }] as [(inout ProviderView) -> Void] {
            var views = views(3)
            ruin(&views[2])
            #expect(
                order(strategy, plain(3), views, sticky: 2) == order(strategy, plain(3), views),
                "\(strategy)")
        }
    }

    @Test(arguments: Strategy.allCases.filter(\.isHealthAware))
    func `what is unhealthy or closed off comes last in its tier, and is not dropped`(strategy: Strategy) {
        let traits = [0, 0, 0, 1].enumerated().map { TargetTraits(provider: $0.offset, tier: $0.element) }
        var views = views(4)
        views[0].health = .unhealthy
        views[1].isOpen = false
        let order = order(strategy, traits, views)
        #expect(order[0] == 2)
        #expect(Set(order[1...2]) == [0, 1])
        #expect(order[3] == 3)
    }

    @Test(arguments: Strategy.allCases.filter(\.isHealthAware))
    func `a provider that may be probed has its usual place, or nobody would find out`(strategy: Strategy) {
        var views = views(2)
        views[0].health = .unhealthy
        #expect(order(strategy, plain(2), views) == [1, 0])
        views[0].isProbing = true
        #expect(order(strategy, plain(2), views) == [0, 1])
        views[0].isOpen = false
        #expect(order(strategy, plain(2), views) == [1, 0])
    }

    @Test(arguments: Strategy.allCases)
    func `an order has every target once, tier by tier, and is the same for the same inputs`(
        strategy: Strategy
    ) {
        var random = FastRandom(seed: 7)
        for _ in 0..<500 {
            let traits = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                TargetTraits.any(using: &random)
            }
            let views = traits.map { _ in ProviderView.any(using: &random) }
            let first = order(strategy, traits, views, seed: 3)
            #expect(first.sorted() == Array(traits.indices))
            #expect(first.map { traits[$0].tier } == traits.map(\.tier).sorted())
            #expect(order(strategy, traits, views, seed: 3) == first)
        }
    }

    @Test func `every reason has a text of its own`() {
        #expect(Set(OrderReason.allCases.map(\.text)).count == OrderReason.allCases.count)
    }
}
