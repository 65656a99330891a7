import SignalboxConfig
import Testing

@Suite struct KeyCheckTests {
    private func load(_ yaml: String) throws -> Configuration {
        try Desk(yaml, environment: ["K": "secret-0"]).load()
    }

    private func checks(root: String, provider: String) throws -> Configuration.KeyChecks? {
        let loaded = try load(
            "\(root)\nproviders: [{name: a, kind: openai, keys: env:K, models: [m]\(provider)}]")
        return loaded.keyChecks(of: try #require(loaded.providers.first))
    }

    private func checks(_ change: (inout Configuration.KeyChecks) -> Void) -> Configuration.KeyChecks {
        var checks = Configuration.KeyChecks()
        change(&checks)
        return checks
    }

    @Test func `keys are checked unless the file says otherwise`() throws {
        #expect(try checks(root: "", provider: "") == Configuration.KeyChecks())
        #expect(try checks(root: "key_checks: off", provider: "") == nil)
        #expect(try checks(root: "", provider: ", key_checks: off") == nil)
        let hourly = checks { ($0.interval, $0.jitter, $0.requestsPerMinute) = (.seconds(3_600), 0.5, 1) }
        #expect(
            try checks(root: "key_checks: {interval: 1h, jitter: 0.5, requests_per_minute: 1}", provider: "")
                == hourly)
    }

    @Test func `a provider's own settings stand on the file's, or on the defaults where those are off`()
        throws
    {
        let own = ", key_checks: {interval: 1s, timeout: 100ms}"
        #expect(
            try checks(root: "key_checks: {interval: 1h, retry: 1m}", provider: own)
                == checks {
                    ($0.interval, $0.timeout, $0.retry) = (.seconds(1), .milliseconds(100), .seconds(60))
                })
        #expect(
            try checks(root: "key_checks: off", provider: own)
                == checks { ($0.interval, $0.timeout) = (.seconds(1), .milliseconds(100)) })
        #expect(
            try checks(root: "key_checks: off", provider: ", key_checks: {}") == Configuration.KeyChecks())
    }

    @Test func `without keys, or without a connection, there is nothing to check`() throws {
        let loaded = try load(
            """
            providers:
              - {name: a, kind: mock, keys: env:K, models: [m]}
              - {name: b, kind: custom, keys: env:K, models: [m]}
              - {name: c, kind: ollama, models: [m]}
              - {name: d, kind: ollama, keys: env:K, models: [m]}
            """)
        #expect(loaded.providers.map { loaded.keyChecks(of: $0) != nil } == [false, false, false, true])
    }

    @Test func `a running daemon takes on other checks`() throws {
        func change(_ before: String, _ after: String) throws -> ConfigurationChange {
            ConfigurationChange(from: try load(before), to: try load(after))
        }
        let root = try change(
            Desk.provider, "key_checks: {interval: 1h, jitter: 0.2}\n" + Desk.provider)
        #expect(root.settings == ["key_checks.interval", "key_checks.jitter"])
        #expect(root.needsRestart.isEmpty)
        let off = try change(Desk.provider, "key_checks: off\n" + Desk.provider)
        #expect(off.settings.contains("key_checks"))
        #expect(off.needsRestart.isEmpty)
        let provider =
            "providers: [{name: a, kind: openai, keys: env:K, models: [m], key_checks: {retry: 1s}}]"
        let changed = try change(provider, provider.replacing("retry: 1s", with: "retry: 2s"))
        #expect(changed.providerSettings == ["a": ["key_checks.retry"]])
        #expect(changed.settings.isEmpty)
    }
}
