import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct StandingStatusTests {
    @Test func `it tells everything that is known`() throws {
        var settings = StandingSettings(
            limits: .init(requestsPerMinute: 100, tokensPerMinute: 1_000),
            keyLimits: .init(requestsPerMinute: 10, concurrency: 4))
        settings.breaker.failures = 2
        var desk = StandingDesk(settings)
        let first = try desk.ticket(tokens: 300)
        _ = desk.settle(first, AttemptEnding(tokensUsed: 200, latency: .milliseconds(40)))
        _ = try desk.ticket(tokens: 50)
        try desk.fail(.modelNotFound, model: 1)
        try desk.fail(.accessMissing)
        try desk.fail(.overloaded, key: 1, times: 2)
        let status = desk.standing.status(at: after(.seconds(1)))
        #expect(status.health == .healthy)
        #expect(status.breaker == .init(state: .open, triedIn: .seconds(4)))
        #expect(status.requests == .init(used: 6, limit: 100))
        #expect(status.tokens == .init(used: 250, limit: 1_000))
        #expect(status.latencyMean == .milliseconds(40))
        #expect(status.inFlight == 1)
        let modelOut = ProviderStatus.ModelException(
            model: "n", reason: .modelNotFound, remaining: .seconds(899))
        #expect(status.modelsOut == [modelOut])
        let key = try #require(status.keys.first)
        let exception = ProviderStatus.ModelException(
            model: "m", reason: .accessMissing, remaining: .seconds(899))
        let expected = ProviderStatus.Key(
            key: 0, alias: "a", state: .good, breaker: .init(state: .closed), inFlight: 1,
            requests: .init(used: 4, limit: 10), tokens: .init(used: 250, limit: nil), headroom: 0.6,
            models: [exception])
        #expect(key == expected)
        #expect(status.keys[1].breaker.state == .open)
    }

    @Test func `a key's state is good, resting, or why it is out and for how long yet`() throws {
        var desk = StandingDesk()
        try desk.attempt(AttemptEnding(failure: .rateLimited, retryAfter: .seconds(20)))
        try desk.fail(.noCredit, key: 1)
        var states = desk.standing.status(at: after(.seconds(1))).keys.map(\.state)
        #expect(states == [.resting(for: .seconds(19)), .out(.noCredit, recheckIn: .seconds(899))])
        #expect(states.map(\.text) == ["resting", "no_credit"])
        states = desk.standing.status(at: after(.seconds(1_000))).keys.map(\.state)
        #expect(states == [.good, .out(.noCredit, recheckIn: .zero)])
        #expect(states[0].text == "good")
    }

    @Test func `a limit that is learnt from the provider is told`() throws {
        var desk = StandingDesk()
        try desk.attempt(
            AttemptEnding(tokenLimit: LimitNotice(limit: 6_000, remaining: 3_000, resetsIn: .seconds(30))))
        let key = desk.standing.status(at: dawn).keys[0]
        #expect(key.tokens.limit == 6_000)
        #expect(key.headroom == 0.5)
    }

    @Test func `after its cool-down an open breaker may be tried at once`() throws {
        var settings = StandingSettings()
        settings.breaker.failures = 1
        var desk = StandingDesk(settings)
        try desk.fail(.unreachable)
        #expect(desk.standing.status(at: after(.seconds(9))).breaker == .init(state: .open, triedIn: .zero))
        desk.wait(.seconds(9))
        _ = try desk.ticket()
        #expect(
            desk.standing.status(at: after(.seconds(10))).breaker
                == .init(state: .halfOpen, triedIn: .seconds(59)))
    }
}
