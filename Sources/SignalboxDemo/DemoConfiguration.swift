public import SignalboxConfig
public import SignalboxCore

extension DemoDay {
    /// What the daemon does in the demonstration: a configuration as anybody would write it, but for its
    /// literal keys and short times.
    /// - Parameter vendors: where ``DemoStage`` has them.
    public func configuration(vendors: ListenAddress) throws(ConfigurationMistakes) -> Configuration {
        let files = [Self.file: yaml(vendors: vendors), Self.priceFile: Self.prices]
        return try ConfigurationLoader(environment: [:]) { path, _ throws(UnreadableFile) in
            guard let text = files[path] else { throw .missing }
            return Array(text.utf8)
        }.load(path: Self.file)
    }

    private static let file = "demo.yaml"
    private static let priceFile = "demo-prices.yaml"

    /// Invented, like the vendors; nobody knows what workshop's answers cost.
    private static let prices = """
        version: demo
        prices:
          - {model: amber-large, provider: amber, valid_from: 2026-01-01,
             currency: USD, input: 2.5, output: 10}
          - {model: amber-small, provider: amber, valid_from: 2026-01-01,
             currency: USD, input: 0.15, output: 0.6}
          - {model: birch-large, provider: birch, valid_from: 2026-01-01,
             currency: EUR, input: 1.2, output: 5}
          - {model: cedar-coder, provider: cedar, valid_from: 2026-01-01,
             currency: USD, input: 0.27, output: 1.1}

        """

    /// Where records and what is known of keys are kept: apart from those of real work.
    private static let directory = "./demo-data"

    func yaml(vendors: ListenAddress) -> String {
        """
        allow_literal_secrets: true
        data_dir: \(Self.directory)
        routing: {seed: \(seed), queue: {max: 40, wait: 1s}}
        otlp:
          endpoint: http://\(vendors)/collector
          metrics: {interval: 5s}
          traces: {queue: 256, batch: 64, delay: 1s}
          logs: {queue: 256, batch: 64, delay: 1s}
        key_checks: {interval: 10s, retry: 1s, requests_per_minute: 600}
        \(providers(vendors))
        \(routes)
        prices: {file: \(Self.priceFile)}
        webhooks: {allow: [127.0.0.0/8]}
        tenants:
          - id: acme
            keys: [\(DemoCallers.token(of: "acme"))]
            webhook: \(webhook("acme", vendors))
            budgets: [{amount: 500, currency: USD, per: month}]
          - id: globex
            keys: [\(DemoCallers.token(of: "globex"))]
            webhook: \(webhook("globex", vendors))
          - id: initech
            keys: [\(DemoCallers.token(of: "initech"))]
            budgets: [{tokens: \(tokenBudget), per: day}]

        """
    }

    private func providers(_ vendors: ListenAddress) -> String {
        """
        providers:
          - name: amber
            kind: openai
            base_url: http://\(vendors)/amber
            keys: [\(DemoVendors.key("amber", 0)), \(DemoVendors.key("amber", 1))]
            models: [amber-large, amber-small]
            limits: {rpm: 2000, tpm: 1000000}
            key_limits: {rpm: 1500}
            timeouts: {first_token: 5s}
            key_recheck: 10s
          - name: birch
            kind: openrouter
            base_url: http://\(vendors)/birch
            keys: [\(DemoVendors.key("birch", 0)), \(DemoVendors.key("birch", 1))]
            models: [birch-large]
            limits: {rpm: 1500}
            key_recheck: 10s
          - name: cedar
            kind: deepseek
            base_url: http://\(vendors)/cedar
            keys: [\(DemoVendors.key("cedar", 0))]
            models: [cedar-coder]
            limits: {rpm: 600, concurrency: 2}
            key_recheck: 10s
          - name: dunlin
            kind: gigachat
            base_url: http://\(vendors)/dunlin
            auth_url: http://\(vendors)/dunlin/oauth
            scope: CORP
            keys: [\(DemoVendors.key("dunlin", 0))]
            models: [GigaChat-Max]
          - name: workshop
            kind: mock
            models: [mock-normal]
            mock: {latency: 60ms, chunk_interval: 10ms}
        """
    }

    private var routes: String {
        """
        routes:
          - {model: chat, targets: [amber/amber-large, birch, cedar]}
          - {model: story, targets: [amber/amber-large, dunlin, workshop], on_interrupt: continue}
          - model: fast
            strategy: weighted
            targets: [{provider: amber, model: amber-small, weight: 3}, birch]
            hedge_after: 600ms
          - {model: code, targets: [cedar, birch], on_interrupt: hold}
          - {model: batch, targets: [cedar]}
          - {model: draft, targets: [workshop]}
        """
    }

    private func webhook(_ tenant: String, _ receiver: ListenAddress) -> String {
        "{url: 'http://\(receiver)/bills/\(tenant)', secret: \(Self.webhookSecret), "
            + "retry: {first: 500ms, max: 5s}, give_up_after: \(Int(giveUpAfter.components.seconds))s}"
    }

    /// No secret: 24 bytes of nothing.
    private static let webhookSecret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    /// Shorter than the receiver is down, so that there are dead letters, and long enough for a backlog
    /// before.
    private var giveUpAfter: Duration { max(.seconds(10), length * 0.27) }

    /// About what initech uses in a day: it comes near the end of its budget.
    private var tokenBudget: Int { max(1_000, Int(length.components.seconds) * 1_100) }
}
