import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct StrategyTests {
    private func order(
        _ strategy: Strategy, _ traits: [TargetTraits], views: [ProviderView]? = nil,
        pinned: Int? = nil, sticky: Int? = nil
    ) -> [Int] {
        var random = FastRandom(seed: 1)
        return strategy.order(
            traits, views: views ?? traits.map { _ in ProviderView() }, random: &random, pinned: pinned,
            sticky: sticky
        ).map(\.target)
    }

    @Test func `ordered keeps the list's order within tiers, lower tiers first`() {
        let traits = [2, 0, 1, 0].enumerated().map { TargetTraits(provider: $0.offset, tier: $0.element) }
        #expect(order(.ordered, traits) == [1, 3, 2, 0])
    }

    @Test(arguments: Strategy.allCases)
    func `a pinned provider's targets come first, then the session's own, whatever their tier`(
        strategy: Strategy
    ) {
        let traits = [0, 0, 1, 1].enumerated().map {
            TargetTraits(provider: $0.offset == 3 ? 2 : $0.offset, tier: $0.element)
        }
        let order = order(strategy, traits, pinned: 2, sticky: 1)
        #expect(Set(order.prefix(2)) == [2, 3])
        #expect(order.suffix(2) == [1, 0])
    }
}
