import SignalboxConfig
import Testing

@Suite struct DescriptionTests {
    @Test func `a description loads as the same configuration`() throws {
        let yaml = """
            server:
              {listen: "[::1]:0", threads: 2, drain_timeout: 0s, tls: {certificate: a.pem, key: "b b.pem"}}
            admin: {tls: {certificate: a.pem, key: "b b.pem"}, scrapes_max: 3, scrape_freshness: 0s}
            logging: {log_content: true}
            tracing: {sample_ratio: 0.00001, propagate: never}
            metrics: {semconv: latest}
            routing: {seed: 7, queue: {max: 0, wait: 1s, aging: 1ms}, affinity: {ttl: 1s, sessions_max: 2}}
            key_checks: {interval: 3d, jitter: 0.00001, timeout: 1m, retry: 1h, requests_per_minute: 6000}
            providers:
              - name: "007"
                kind: mock
                models: ["null", "a: b", "*x", "-", é, "#", "{", "1.0", yes]
                mock: {text: "a\\n\\"b\\"\\\\"}
              - {name: b, kind: openai-compatible, base_url: "http://h:1/v1", models: [m]}
              - name: c
                kind: mock
                models: ["n", {name: "#", context_window: 9, price: {input: 0.1, output: 2, currency: USD}}]
                limits: {rpm: 1, tpm: 2, concurrency: 3}
                key_limits: {rpm: 4, tpm: 5, concurrency: 6, tokens_floor: 7}
                breaker: {failures: 1, error_rate: 0.00001, window: 1s, requests_min: 2, cooldown: 1h,
                  cooldown_max: 24h, successes: 1}
                key_recheck: 24h
              - {name: d, kind: mock, models: [m], key_limits: {tokens_floor: 1}}
              - {name: g, kind: gigachat, scope: CORP, models: [m], keys: secret, key_checks: {retry: 1s}}
              - {name: h, kind: openai, models: [m], keys: secret, key_checks: off}
            routes:
              - {model: "c d", targets: ["007/a: b", b, "007"], hedge_after: 1ms, affinity: false}
              - model: e
                strategy: adaptive
                targets: [{provider: "007", model: "{", weight: 0.5}, {provider: b, priority: 3}]
                by_priority: {critical: [b, "007/#"], low: [{provider: b, weight: 0}]}
                adaptive: {high: [1, 0, 0], low: [0, 0.00001, 1]}
                on_interrupt: hold
                hold: {bytes_max: 1KiB, time: 1h}
                wait_for_preferred: 1m
              - {model: f, strategy: lowest-cost, targets: ["c/#", {provider: b, priority: 1}]}
              - {model: h, targets: [{provider: b, weight: 3}], on_interrupt: continue}
            tenants: [{id: t, keys: secret, limits: {rpm: 1, tpm: 2, concurrency: 3}}]
            allow_literal_secrets: true
            """
        let files = ["a.pem": "-----BEGIN CERTIFICATE-----", "b b.pem": "-----BEGIN EC PRIVATE KEY-----"]
        let first = try Desk(yaml, files: files).load()
        let described = first.describe().replacing("•••", with: "secret")
        let second = try Desk(described, files: files).load()
        #expect(second == first, "\(described)")
        #expect(second.describe() == first.describe())
    }

    @Test func `a description of the demonstration loads`() throws {
        let loaded = try Desk(Configuration.demo.describe()).load()
        #expect(loaded == Configuration.demo)
    }

    @Test func `a description has limits, prices and weights as a hand would write them`() throws {
        let yaml = """
            providers:
              - name: g
                kind: gigachat
                models: [{name: m, price: {input: 1.50, output: 10, currency: RUB}}]
                key_limits: {tokens_floor: 5}
            routes: [{model: c, strategy: weighted, targets: [{provider: g, weight: 3.0}]}]
            """
        let lines = try Desk(yaml).load().describe().split(separator: "\n").map {
            $0.drop { $0 == " " || $0 == "-" }
        }
        for expected in [
            "input: 1.5", "output: 10", "concurrency: 1", "tokens_floor: 5", "error_rate: 0.5", "weight: 3",
            "wait_for_preferred: 0s", "max: 1000", "key_recheck: 15m",
        ] {
            #expect(lines.contains { $0 == expected }, "\(expected)")
        }
        #expect(
            !lines.contains { $0.hasPrefix("hedge_after") || $0.hasPrefix("hold") || $0.hasPrefix("seed") })
    }

    @Test func `a description shows that there are secrets, and none of them`() throws {
        let yaml = """
            admin: {token: env:A, basic_auth: {username: u, password: env:E}, metrics_auth: true}
            providers:
              - name: b
                kind: openai-compatible
                base_url: http://h
                models: [m]
                keys: env:B
                headers: {x-c: env:C}
            tenants: [{id: t, keys: env:D}]
            """
        let names = ["A", "B", "C", "D", "E"]
        let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "hidden-\($0)") })
        let text = try Desk(yaml, environment: environment).load().describe()
        #expect(!text.contains("hidden"))
        #expect(text.split(separator: "•••").count == 6)
    }
}
