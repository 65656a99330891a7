import SignalboxConfig
import Testing

@Suite struct HostileFileTests {
    @Test func `a billion laughs is refused as the aliases it is made of`() {
        var yaml = "data_dir: &l0 [lol]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*l\(level - 1)", count: 10).joined(separator: ", ")
            yaml += "level\(level): &l\(level) [\(aliases)]\n"
        }
        yaml += "? [*l9, *l9]\n: x\nserver: *l9\n"
        let mistakes = Desk(yaml + Desk.provider).mistakes()
        #expect(mistakes.contains { $0.contains("server: is an alias") })
    }

    @Test func `a chain of aliases does not overflow the stack`() {
        var yaml = "data_dir:\n  - &a0 [x]\n"
        for link in 1...40_000 { yaml += "  - &a\(link) [*a\(link - 1)]\n" }
        #expect(
            Desk(yaml + Desk.provider).mistakes() == [
                "signalbox.yaml:2:3: data_dir: is a list where text belongs"
            ])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? "])
    func `deep nesting is refused, not followed`(step: String) {
        #expect(!Desk(String(repeating: step, count: 200_000)).mistakes().isEmpty)
    }

    @Test func `a file of more than a mebibyte is not read`() {
        let yaml = Desk.provider + "\n#" + String(repeating: "x", count: 1 << 20)
        #expect(Desk(yaml).mistakes() == ["signalbox.yaml: is too large"])
    }

    @Test(arguments: [
        "\u{0}", "\u{1}a: b", "\u{E000}a: b", "a: \u{E100}", "a: 'b", "a: \"\\xZZ\"", "%YAML 9.9\n---\na: b",
        "---", "...",
        ":", "?", "!", "&", "*", "*a", "- *a", "*a : b", "&a : b", "!!binary a: b", "a: |", "@", "`", "\t",
        "\r",
        "a: b: c", "{", "}", "]", "\"a\": 1\n\"a\": 2", "'a': 1\na: 2", "? a\n? a", "~: 1", "\u{FEFF}",
        "=: 1",
    ])
    func `odd files are refused in words`(yaml: String) {
        #expect(!Desk(yaml).mistakes().isEmpty)
    }

    @Test(arguments: [
        "1", "text", "[]", "[[]]", "[1]", "{}", "{a: 1}", "[{}]", "[{a: [b]}]", "!!int 3", "~", "*x",
        "2001-01-01",
    ])
    func `a wrong type anywhere is no crash`(value: String) {
        let places = [
            "server: V", "server: {listen: V, threads: V, body_max: V, idle_timeout: V, allow_anonymous: V}",
            "admin: V", "admin: {listen: V, token: V}", "logging: {level: V, format: V}", "providers: V",
            "providers: [V]", "providers: [{name: V, kind: V, base_url: V, keys: V, models: V, timeouts: V}]",
            "providers: [{ca_file: V, reply_max: V, headers: V, mock: V}]", "routes: V", "routes: [V]",
            "routes: [{model: V, targets: V}]", "routes: [{model: m, targets: [V], attempts_max: V}]",
            "routing: V", "routing: {seed: V, queue: V, affinity: V}",
            "routing: {queue: {max: V, wait: V, aging: V}, affinity: {ttl: V, sessions_max: V}}",
            "providers: [{models: [V, {name: V, context_window: V, price: V}]}]",
            "providers: [{models: [{price: {input: V, output: V, currency: V}}], breaker: V, limits: V}]",
            "providers: [{key_limits: V, key_recheck: V, limits: {rpm: V, tpm: V, concurrency: V}}]",
            "providers: [{key_limits: {rpm: V, tokens_floor: V}, breaker: {failures: V, error_rate: V}}]",
            "providers: [{breaker: {window: V, requests_min: V, successes: V}}]",
            "providers: [{breaker: {cooldown: V, cooldown_max: V}}]",
            "routes: [{strategy: V, by_priority: V, adaptive: V, on_interrupt: V, hold: V, affinity: V}]",
            "routes: [{wait_for_preferred: V, hedge_after: V, by_priority: {low: V, high: [V]}}]",
            "routes: [{adaptive: {high: V, low: [V, V, V]}, hold: {bytes_max: V, time: V}}]",
            "routes: [{targets: [{provider: V, model: V, weight: V, priority: V}], strategy: lowest-cost}]",
            "tenants: [{limits: V}]", "tenants: [{limits: {rpm: V, tpm: V, concurrency: V}}]",
            "usage: V", "usage: {durability: V, on_full: V, size_max: V, retention: V, drain: V}",
            "usage: {drain: {time: V, bytes_max: V, max: V}}", "webhooks: V",
            "webhooks: {allow: V, concurrency: V, operator: V}", "webhooks: {allow: [V, V]}",
            "webhooks: {operator: {url: V, secrets: V, headers: V, ca_file: V}}",
            "tenants: [{budgets: V, key_budgets: V, webhook: V}]",
            "tenants: [{budgets: [V, {amount: V, currency: V, per: V, warn_at: V, unpriced: V}]}]",
            "tenants: [{key_budgets: [{tokens: V, per: V}]}]",
            "tenants: [{webhook: {url: V, secret: V, format: V, encoding: V, bare: V, batch: V}}]",
            "tenants: [{webhook: {retry: {first: V, max: V}}}]", "webhooks: {operator: {retry: V}}",
            "tenants: [{webhook: {secrets: [V], batch: {records: V, bytes: V, delay: V}, headers: V}}]",
            "tenants: [{webhook: {format: lago, code: V, subscription: V, concurrency: V, timeout: V}}]",
            "tenants: V", "tenants: [{id: V, keys: V, platform_key_id: V}]", "data_dir: V",
            "allow_literal_secrets: V", "V: 1",
        ]
        for place in places {
            let yaml = place.split(separator: "V", omittingEmptySubsequences: false).joined(separator: value)
            #expect(!Desk(yaml).mistakes().isEmpty, "\(yaml)")
        }
    }

    @Test func `a file that is not UTF-8 is refused`() throws {
        let loader = ConfigurationLoader(environment: [:]) { path, _ throws(UnreadableFile) in
            guard path == "signalbox.yaml" else { throw .missing }
            return [0x61, 0x3A, 0xFF, 0xFE]
        }
        let error = try #require(throws: ConfigurationMistakes.self) { try loader.load() }
        #expect(error.description == "signalbox.yaml: is not UTF-8 text; save it as UTF-8")
    }

    @Test func `asterisks that are no aliases stay as they are`() throws {
        let configuration = try Desk("providers: [{name: a, kind: mock, models: [\"*x*\", a*b]}] # *not* one")
            .load()
        #expect(configuration.providers[0].modelNames == ["*x*", "a*b"])
    }
}

@Suite struct LargeFileTests {
    @Test(.timeLimit(.minutes(1)), arguments: ["keyN: 1\n", "- N\n", "\"a\": N\n", "? N\n"])
    func `a file full of mistakes is refused in good time`(line: String) {
        var yaml = ""
        var number = 0
        while yaml.utf8.count < 250_000 {
            yaml += line.split(separator: "N", omittingEmptySubsequences: false).joined(
                separator: "\(number)")
            number += 1
        }
        #expect(!Desk(yaml).mistakes().isEmpty)
    }
}
