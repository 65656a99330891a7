import SignalboxConfig
import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct UsageReadingTests {
    private static let environment = [
        "T": "token-one", "U": "token-two", "NEW_WHSEC": Desk.webhookSecret,
        "OLD_WHSEC": "whsec_" + String(repeating: "QUJD", count: 8), "BEARER": "Bearer abc def",
    ]

    private func load(_ yaml: String) throws -> Configuration {
        try Desk(
            Desk.provider + "\n" + yaml, environment: Self.environment,
            files: ["prices.yaml": Desk.prices, "a.pem": "-----BEGIN CERTIFICATE-----"]
        ).load()
    }

    private func webhook(_ more: String = "") throws -> Configuration.Webhook {
        let yaml =
            "tenants: [{id: t, keys: env:T, webhook: {url: \"https://h/\", secret: env:NEW_WHSEC\(more)}}]"
        return try #require(try load(yaml).tenants[0].webhook)
    }

    @Test func `without a word about it every record is kept for 90 days and nobody is delivered to`() throws
    {
        let configuration = try load("tenants: [{id: t, keys: env:T}]")
        #expect(configuration.usage == Configuration.Usage())
        #expect(configuration.usage.durability == .commit)
        #expect(configuration.usage.onFull == .refuse)
        #expect(configuration.usage.retention == .seconds(90 * 86_400))
        #expect(configuration.usage.sizeBytesMax == 4_294_967_296)
        #expect(configuration.webhooks == Configuration.Webhooks())
        #expect(configuration.tenants[0].webhook == nil)
        #expect(configuration.tenants[0].budgets.isEmpty)
    }

    @Test func `everything about the store can be said`() throws {
        let usage = try load(
            """
            usage:
              durability: async
              on_full: continue
              size_max: 16MiB
              retention: 3650d
              drain: {time: 0s, bytes_max: 0, max: 0}
            """
        ).usage
        #expect(usage.durability == .async)
        #expect(usage.onFull == .continue)
        #expect(usage.sizeBytesMax == 16 << 20)
        #expect(usage.retention == .seconds(3_650 * 86_400))
        #expect((usage.drain.time, usage.drain.bytesMax, usage.drain.answersMax) == (.zero, 0, 0))
    }

    @Test func `a webhook needs an address and a secret, and has its defaults`() throws {
        let webhook = try webhook()
        #expect(webhook == Configuration.Webhook(url: "https://h/", host: "h", secrets: webhook.secrets))
        #expect(webhook.secrets == [Secret(Desk.webhookSecret)])
        #expect((webhook.batch.recordsMax, webhook.batch.bytesMax, webhook.concurrency) == (100, 90_000, 1))
        #expect(webhook.giveUpAfter == .seconds(76 * 3_600))
    }

    @Test(arguments: [
        ("signalbox", "gzip"), ("lago", "identity"), ("openmeter", "identity"), ("ndjson", "gzip"),
    ])
    func `a format that inflates nothing is sent as it is, unless the file says otherwise`(
        format: String, encoding: String
    ) throws {
        #expect(try webhook(", format: \(format)").encoding.rawValue == encoding)
        #expect(try webhook(", encoding: gzip, format: \(format)").encoding == .gzip)
    }

    @Test func `the address keeps its query and its last slash`() throws {
        let yaml = """
            webhooks: {allow: ["::1"]}
            tenants:
              - {id: t, keys: env:T, webhook: {url: "https://H.example:8443/a/?b=c/d", secret: env:NEW_WHSEC}}
              - {id: u, keys: env:U, webhook: {url: "http://[::1]:9", secret: env:NEW_WHSEC}}
            """
        let webhooks = try load(yaml).tenants.compactMap(\.webhook)
        #expect(webhooks.map(\.url) == ["https://H.example:8443/a/?b=c/d", "http://[::1]:9/"])
        #expect(webhooks.map(\.host) == ["h.example", "[::1]"])
    }

    @Test(arguments: ["127.0.0.0/8", "\"::1\"", "0.0.0.0/0"])
    func `this machine by its name is allowed with either of its addresses`(range: String) throws {
        let yaml = """
            webhooks: {allow: [\(range)]}
            tenants: [{id: t, keys: env:T, webhook: {url: "http://localhost:1/", secret: env:NEW_WHSEC}}]
            """
        #expect(try load(yaml).tenants[0].webhook?.host == "localhost")
    }

    @Test func `the newest of several secrets comes first`() throws {
        let yaml = """
            tenants:
              - {id: t, keys: env:T, webhook: {url: "https://h/", secrets: [env:NEW_WHSEC, env:OLD_WHSEC]}}
            """
        let secrets = try load(yaml).tenants[0].webhook?.secrets.map { $0.reveal() }
        #expect(secrets?.map(Optional.some) == ["NEW_WHSEC", "OLD_WHSEC"].map { Self.environment[$0] })
    }

    @Test func `a header that refers to a secret may say Bearer before it`() throws {
        let webhook = try webhook(", headers: {Authorization: env:BEARER, x-a: b}")
        #expect(webhook.headers.map(\.name) == ["authorization", "x-a"])
        #expect(webhook.headers.map { $0.value.reveal() } == ["Bearer abc def", "b"])
    }

    @Test func `budgets are exact`() throws {
        let yaml = """
            prices: {file: prices.yaml}
            tenants:
              - id: t
                keys: env:T
                budgets:
                  - {amount: 0.000000001, currency: USD, per: day, warn_at: 1}
                  - {amount: 1000000000, currency: RUB, per: month, unpriced: refuse}
                key_budgets: [{tokens: 1000000000000, per: month, warn_at: 0.5}]
            """
        let tenant = try load(yaml).tenants[0]
        #expect(
            tenant.budgets == [
                Configuration.Budget(.money(Money(nano: 1, currency: "USD")), per: .day, warnAt: 1),
                Configuration.Budget(
                    .money(Money(nano: 1_000_000_000_000_000_000, currency: "RUB")), per: .month,
                    unpriced: .refuse),
            ])
        #expect(tenant.keyBudgets == [.init(.tokens(1_000_000_000_000), per: .month, warnAt: 0.5)])
    }

    private static let full = """
        prices: {file: prices.yaml}
        usage: {durability: async, on_full: continue, size_max: 16MiB, retention: 91d, drain: {time: 1s}}
        webhooks:
          allow: [127.0.0.0/8, "fd00::/8"]
          concurrency: 7
          operator: {url: "http://localhost:9/x?y", secret: SECRET, encoding: identity, retry: {first: 1s}}
        tenants:
          - id: t
            keys: TOKEN
            budgets:
              - {amount: 1.5, currency: USD, per: day, unpriced: refuse}
              - {tokens: 5, per: day, warn_at: 0.25}
            key_budgets: [{tokens: 5, per: day}]
            webhook:
              {url: "https://h/", secrets: [SECRET, SECRET], format: openmeter, event_type: a, source: b,
               bare: true, batch: {records: 1, bytes: 4KiB, delay: 0s}, concurrency: 2, timeout: 1s,
               retry: {first: 10ms, max: 7d}, ca_file: a.pem, headers: {x-a: HEADER}}
          - id: u
            keys: OTHER
            webhook: {url: "https://h/", secret: SECRET, format: lago, code: c, subscription: d}
        allow_literal_secrets: true
        """

    @Test func `a description loads as the same configuration, and shows no secret`() throws {
        let first = try load(Self.full.replacing("SECRET", with: Desk.webhookSecret))
        let described = first.describe()
        for secret in [Desk.webhookSecret, "TOKEN", "OTHER", "HEADER"] {
            #expect(!described.contains(secret))
        }
        var again = ""
        for line in described.split(separator: "\n") {
            let isSigning = line.contains("secrets:")
            again += line.replacing("•••", with: isSigning ? Desk.webhookSecret : "HEADER") + "\n"
        }
        // Two tenants cannot have one key.
        again = again.replacing("keys: [\"HEADER\"]", with: "keys: [TOKEN]", maxReplacements: 1)
        again = again.replacing("keys: [\"HEADER\"]", with: "keys: [OTHER]")
        let files = ["prices.yaml": Desk.prices, "a.pem": "-----BEGIN CERTIFICATE-----"]
        let second = try Desk(again, files: files).load()
        #expect(second == first, "\(described)")
        #expect(second.describe() == described)
    }
}
