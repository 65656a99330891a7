import SignalboxConfig
import SignalboxCore
import Testing

@Suite struct UsageChangeTests {
    private static let secrets = (
        first: Desk.webhookSecret, second: "whsec_" + String(repeating: "QUJD", count: 8)
    )

    private func load(_ yaml: String, secret: String = secrets.first) throws -> Configuration {
        try Desk(Desk.provider + "\n" + yaml, environment: ["T": "token", "WHSEC": secret]).load()
    }

    private static let webhook = "webhook: {url: \"https://h/\", secret: env:WHSEC}"

    @Test func `webhooks, budgets and what becomes of a full store change at once`() throws {
        let old = try load("tenants: [{id: t, keys: env:T}]")
        let new = try load(
            """
            usage: {on_full: continue, drain: {time: 1s}}
            webhooks: {allow: [10.0.0.0/8], concurrency: 3}
            tenants: [{id: t, keys: env:T, budgets: [{tokens: 5, per: month}], \(Self.webhook)}]
            """)
        let change = ConfigurationChange(from: old, to: new)
        #expect(change.tenants == .init(changed: ["t"]))
        #expect(
            change.settings == [
                "usage.drain.time", "usage.on_full", "webhooks.allow", "webhooks.concurrency",
            ])
        #expect(change.needsRestart.isEmpty)
        #expect(try new.takenOn(by: old) == new)
    }

    @Test func `how and where records are kept changes with a restart`() throws {
        let old = try load("")
        let new = try load("usage: {durability: async, size_max: 1GiB, retention: 1d, on_full: continue}")
        let change = ConfigurationChange(from: old, to: new)
        #expect(change.needsRestart == ["usage.durability", "usage.retention", "usage.size_max"])
        let effective = try new.takenOn(by: old)
        #expect(effective.usage.durability == .commit)
        #expect(effective.usage.retention == old.usage.retention)
        #expect(effective.usage.sizeBytesMax == old.usage.sizeBytesMax)
        #expect(effective.usage.onFull == .continue)
    }

    @Test(arguments: [webhook, "budgets: [{tokens: 5, per: day}]", "key_budgets: [{tokens: 5, per: day}]"])
    func `what needs records is refused by a daemon that keeps none until its restart`(line: String) throws {
        let old = try load("usage: {durability: none}")
        let new = try load("tenants: [{id: t, keys: env:T, \(line)}]")
        let error = try #require(throws: ConfigurationMistakes.self) { try new.takenOn(by: old) }
        #expect(error.mistakes.map(\.path) == ["usage.durability"])
    }

    @Test func `a month is refused by a daemon that forgets sooner until its restart`() throws {
        let old = try load("usage: {retention: 20d}")
        let new = try load("tenants: [{id: t, keys: env:T, budgets: [{tokens: 5, per: month}]}]")
        let error = try #require(throws: ConfigurationMistakes.self) { try new.takenOn(by: old) }
        #expect(error.mistakes.map(\.path) == ["usage.retention"])
        let shorter = try load("tenants: [{id: t, keys: env:T, budgets: [{tokens: 5, per: day}]}]")
        #expect(try shorter.takenOn(by: old).usage.retention == .seconds(20 * 86_400))
    }

    @Test func `another secret is a change although it is not shown`() throws {
        let yaml =
            "tenants: [{id: t, keys: env:T, \(Self.webhook)}]\nwebhooks: {operator: "
            + Self.webhook.dropFirst("webhook: ".count) + "}"
        let change = ConfigurationChange(
            from: try load(yaml), to: try load(yaml, secret: Self.secrets.second))
        #expect(change.tenants == .init(changed: ["t"]))
        #expect(change.settings == ["webhooks.operator.secrets"])
        #expect(change.needsRestart.isEmpty)
    }
}
