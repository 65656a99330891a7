import SignalboxRouting
import SignalboxSimulation
import Testing

@Suite struct SimulationTests {
    private func run(_ strategy: Strategy, minutes: Int = 5, seed: UInt64 = 1) -> Tally {
        Simulation.run(strategy, duration: .seconds(minutes * 60), requestsPerSecond: 9, seed: seed)
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `adaptive meets fewer rate limits than round-robin under the same load`(seed: UInt64) {
        let (adaptive, turns) = (
            run(.adaptive, minutes: 15, seed: seed), run(.roundRobin, minutes: 15, seed: seed)
        )
        #expect(adaptive.requests == turns.requests)
        #expect(adaptive.rateLimits < turns.rateLimits)
        #expect(adaptive.latencyMean < turns.latencyMean)
    }

    @Test(arguments: Strategy.allCases)
    func `every request is answered or turned away, and every attempt is accounted for`(strategy: Strategy) {
        let tally = run(strategy)
        #expect(tally.requests == tally.answered + tally.exhausted)
        #expect(tally.attempts == tally.answered + tally.wasted)
        #expect(tally.answers.reduce(0, +) == tally.answered)
        #expect(tally.limited.reduce(0, +) == tally.rateLimits)
        #expect(tally.successRate > 0.99)
    }

    @Test func `a seed brings the same history each time, and another brings another`() {
        let (first, again, other) = (run(.random), run(.random), run(.random, seed: 2))
        #expect(first.answers == again.answers && first.latencyMean == again.latencyMean)
        #expect(first.answers != other.answers)
    }

    @Test
    func `a limit that is configured is met by one request in 200 at most, whose tokens were underestimated`()
    {
        let configured = SimulatedProvider.ten.indices.filter { index in
            if case .configured = SimulatedProvider.ten[index].candour { true } else { false }
        }
        let tally = run(.lowestCost)
        for index in configured { #expect(tally.limited[index] * 200 <= tally.answers[index]) }
    }
}
