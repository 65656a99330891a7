import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct AdaptiveTests {
    private func score(_ view: ProviderView, weight: Double = 1, priority: RequestPriority) -> Double? {
        var random = FastRandom(seed: 1)
        let traits = [TargetTraits(provider: 0, weight: weight), TargetTraits(provider: 1, weight: 4)]
        let order = Strategy.adaptive.order(
            traits, views: [view, ProviderView()], priority: priority, random: &random)
        return order.first { $0.target == 0 }?.score
    }

    @Test(
        arguments: [
            (.critical, 0.5 * 0.8 + 0.4 * 0.5 + 0.1 * 0.25), (.high, 0.5 * 0.8 + 0.4 * 0.5 + 0.1 * 0.25),
            (.normal, 0.5 * 0.8 + 0.3 * 0.5 + 0.2 * 0.25), (.low, 0.3 * 0.8 + 0.1 * 0.5 + 0.6 * 0.25),
        ] as [(RequestPriority, Double)])
    func `the score is capacity, latency and weight, by the priority's weights`(
        priority: RequestPriority, expected: Double
    ) throws {
        let view = ProviderView(latencyMean: .milliseconds(1500), headroom: 0.8)
        #expect(abs(try #require(score(view, priority: priority)) - expected) < 1e-12)
    }

    @Test func `a latency beyond three seconds counts for nothing, and an unknown one in full`() throws {
        let slow = try #require(score(ProviderView(latencyMean: .seconds(30)), priority: .high))
        let unknown = try #require(score(ProviderView(), priority: .high))
        #expect(abs(slow - (0.5 + 0.1 * 0.25)) < 1e-12)
        #expect(abs(unknown - (0.5 + 0.4 + 0.1 * 0.25)) < 1e-12)
    }

    @Test func `the one with more room comes first, until the other is faster by more`() {
        var views = views(2)
        views[0].headroom = 0.4
        views[1].headroom = 0.6
        #expect(order(.adaptive, plain(2), views) == [1, 0])
        views[0].latencyMean = .milliseconds(300)
        views[1].latencyMean = .milliseconds(1500)
        #expect(order(.adaptive, plain(2), views) == [0, 1])
    }

    @Test func `one that will meet a limit soon counts for less room, the sooner the less`() throws {
        var view = ProviderView(latencyMean: .seconds(3), headroom: 0.8)
        for (fullIn, share) in [(45, 1.0), (90, 1), (9, 0.2), (0, 0)] {
            view.fullIn = .seconds(fullIn)
            let counted = try #require(score(view, weight: 0, priority: .high))
            #expect(abs(counted - 0.5 * 0.8 * share) < 1e-12)
        }
    }

    @Test func `weights are relative to the largest of their own tier`() {
        let traits = [(1, 0), (2, 0), (1, 1), (100, 1)].enumerated().map {
            TargetTraits(provider: $0.offset, weight: $0.element.0, tier: $0.element.1)
        }
        var random = FastRandom(seed: 1)
        let order = Strategy.adaptive.order(traits, views: views(4), priority: .low, random: &random)
        #expect(order.map(\.target) == [1, 0, 3, 2])
        #expect(order[0].score == order[2].score)
    }
}
