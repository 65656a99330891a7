import SignalboxConfig
import SignalboxProviders
import Testing

@Suite struct LimitTests {
    @Test func `limits and patience of providers, keys and tenants are read`() throws {
        let loaded = try Desk(
            """
            providers:
              - name: a
                kind: mock
                models: [m]
                limits: {rpm: 30, tpm: 100000, concurrency: 16}
                key_limits: {rpm: 1, tokens_floor: 500}
                breaker: {failures: 1, error_rate: 0.25, window: 10s, requests_min: 2,
                  cooldown: 90s, cooldown_max: 90s}
                key_recheck: 1s
            tenants: [{id: t, keys: env:T, limits: {tpm: 7}}]
            """, environment: ["T": "token"]
        ).load()
        let provider = try #require(loaded.providers.first)
        #expect(
            provider.limits
                == Configuration.Limits(requestsPerMinute: 30, tokensPerMinute: 100_000, concurrency: 16))
        #expect(provider.keyLimits == Configuration.Limits(requestsPerMinute: 1))
        #expect(provider.keyTokensFloor == 500)
        var breaker = Configuration.Breaker()
        (breaker.failures, breaker.errorRate, breaker.requestsMin) = (1, 0.25, 2)
        (breaker.window, breaker.cooldown, breaker.cooldownMax) = (.seconds(10), .seconds(90), .seconds(90))
        #expect(provider.breaker == breaker)
        #expect(provider.keyRecheck == .seconds(1))
        #expect(loaded.tenants.first?.limits == Configuration.Limits(tokensPerMinute: 7))
    }

    @Test(arguments: [("auto", 1), ("PERS", 1), ("B2B", 10), ("CORP", 10)])
    func `a key of GigaChat has the streams of its scope, unless the file says more`(
        scope: String, streams: Int
    ) throws {
        func keyLimits(_ further: String) throws -> Configuration.Limits? {
            let provider = "{name: g, kind: gigachat, models: [m], scope: \(scope)\(further)}"
            return try Desk("providers: [\(provider)]").load().providers.first?.keyLimits
        }
        #expect(try keyLimits("") == Configuration.Limits(concurrency: streams))
        #expect(
            try keyLimits(", key_limits: {rpm: 5}")
                == Configuration.Limits(requestsPerMinute: 5, concurrency: streams))
        #expect(try keyLimits(", key_limits: {concurrency: 3}") == Configuration.Limits(concurrency: 3))
    }

    @Test func `a provider made by hand has the streams that its kind allows`() {
        let made = Configuration.Provider(name: "g", kind: .gigachat, models: ["m"])
        #expect(made.keyLimits.concurrency == GigaChatScope.auto.streamsMax)
        #expect(Configuration.Provider(name: "a", kind: .mock, models: ["m"]).keyLimits.concurrency == nil)
    }
}
