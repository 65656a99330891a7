import SignalboxConfig
import SignalboxCore
import SignalboxUsage

extension WebhookDeliveries.Settings {
    /// - Throws: what no loader lets pass: a secret that is none.
    init(_ configuration: Configuration) throws(RouterError) {
        var endpoints: [WebhookEndpoint] = []
        for tenant in configuration.tenants {
            guard let webhook = tenant.webhook else { continue }
            endpoints.append(try WebhookEndpoint(webhook, name: tenant.id, tenant: tenant.id))
        }
        if let webhook = configuration.webhooks.operatorWebhook {
            endpoints.append(try WebhookEndpoint(webhook, name: WebhookEndpoint.operatorName, tenant: ""))
        }
        self.init(
            endpoints: endpoints, concurrency: configuration.webhooks.concurrency,
            allowed: configuration.webhooks.allowedRanges)
    }
}

extension WebhookEndpoint {
    fileprivate init(
        _ webhook: Configuration.Webhook, name: String, tenant: String
    ) throws(RouterError) {
        var secrets: [WebhookSecret] = []
        for secret in webhook.secrets {
            do throws(WebhookSecretError) {
                secrets.append(try WebhookSecret(secret))
            } catch {
                throw RouterError(description: "the webhook of \(name): \(error)")
            }
        }
        guard !secrets.isEmpty else {
            throw RouterError(description: "the webhook of \(name) has no secret to sign with")
        }
        self.init(name: name, tenant: tenant, url: webhook.url, secrets: secrets)
        format = RecordFormat(webhook, tenant: tenant)
        sendsSinglesBare = webhook.sendsSinglesBare
        isPacked = webhook.encoding == .gzip
        batch = Batch(
            recordsMax: webhook.batch.recordsMax, bytesMax: webhook.batch.bytesMax,
            delay: webhook.batch.delay)
        concurrency = webhook.concurrency
        timeout = webhook.timeout
        retry = RetrySchedule(
            pauseMin: webhook.retry.first, pauseMax: webhook.retry.longest, giveUpAfter: webhook.giveUpAfter)
        headers = webhook.headers.map { Header($0.name, $0.value) }
        authorityFile = webhook.certificateAuthorityFile
    }
}

extension RecordFormat {
    fileprivate init(_ webhook: Configuration.Webhook, tenant: String) {
        switch webhook.format {
        case .signalbox: self = .signalbox
        case .cloudevents, .openmeter:
            self = .cloudEvents(EventNames(source: webhook.source, type: webhook.eventType))
        case .lago: self = .lago(LagoNames(code: webhook.code, subscription: webhook.subscription ?? tenant))
        case .ndjson: self = .ndjson
        }
    }
}
