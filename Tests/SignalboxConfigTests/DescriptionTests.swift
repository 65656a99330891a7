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
            providers:
              - name: "007"
                kind: mock
                models: ["null", "a: b", "*x", "-", é, "#", "{", "1.0", yes]
                mock: {text: "a\\n\\"b\\"\\\\"}
              - {name: b, kind: openai-compatible, base_url: "http://h:1/v1", models: [m]}
            routes:
              - {model: "c d", targets: ["007/a: b", b, "007"]}
            """
        let files = ["a.pem": "-----BEGIN CERTIFICATE-----", "b b.pem": "-----BEGIN EC PRIVATE KEY-----"]
        let first = try Desk(yaml, files: files).load()
        let second = try Desk(first.describe(), files: files).load()
        #expect(second == first)
        #expect(second.describe() == first.describe())
    }

    @Test func `a description of the demonstration loads`() throws {
        let loaded = try Desk(Configuration.demo.describe()).load()
        #expect(loaded == Configuration.demo)
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
