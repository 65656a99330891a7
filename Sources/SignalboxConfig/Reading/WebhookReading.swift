import SignalboxCore

// Whom usage records are delivered to.
extension ConfigurationReading {
    /// Before the tenants, whose webhooks need what is allowed.
    mutating func readWebhooks() {
        guard let field = root["webhooks"], let section = Section(field, .webhooks) else { return }
        var webhooks = configuration.webhooks
        if let field = section["allow"] {
            allowedRanges = ranges(field)
            webhooks.allowedRanges = allowedRanges ?? []
        }
        section.set(&webhooks.concurrency, "concurrency") { $0.integer(in: 1...10_000) }
        if let field = section["operator"] { webhooks.operatorWebhook = webhook(field, .operatorWebhook) }
        configuration.webhooks = webhooks
    }

    mutating func webhook(_ field: Field, _ schema: Schema) -> Configuration.Webhook? {
        guard let section = Section(field, schema) else { return nil }
        webhookFields.append(field)
        let address = section.required("url", remedy: "write url: https://…").flatMap(webhookURL)
        let secrets = webhookSecrets(section)
        guard
            var webhook = address.map({ Configuration.Webhook(url: $0.url, host: $0.host, secrets: secrets) })
        else { return nil }
        if schema == .webhook { readFormat(section, into: &webhook) }
        section.set(&webhook.encoding, "encoding") { $0.choice("encoding") }
        section.set(&webhook.timeout, "timeout") { $0.duration(in: .milliseconds(100) ... .seconds(60)) }
        section.set(&webhook.retry, "retry", retry)
        section.set(&webhook.giveUpAfter, "give_up_after") {
            $0.duration(in: .seconds(10) ... .seconds(30 * 86_400))
        }
        section.set(&webhook.headers, "headers") { headers($0, beside: Self.deliveryHeaders) }
        section.set(&webhook.certificateAuthorityFile, "ca_file", certificateFile)
        return webhook
    }

    /// What says which delivery it is, and what is in it.
    private static let deliveryHeaders: Set<String> = [
        "content-encoding", "webhook-id", "webhook-signature", "webhook-timestamp",
    ]

    // MARK: Where to

    /// Does not repeat a URL that is wrong: it may carry a password.
    private func webhookURL(_ field: Field) -> (url: String, host: String)? {
        guard let text = field.text(expected: "a URL") else { return nil }
        let base = BaseURL(String(text.prefix { $0 != "?" }))
        guard let base, let url = OTLPEndpoint.url(text, appending: nil) else {
            field.refuse(
                "is no https URL of host, port, path and query",
                "write it like https://billing.example.com/usage")
            return nil
        }
        check(base, field)
        return (url, base.host)
    }

    /// What is plainly no place for deliveries; where names lead to shows when one is made.
    private func check(_ url: BaseURL, _ field: Field) {
        let addresses = Self.addresses(of: url.host)
        // A name is never allowed; an address may have been meant to be.
        guard let allowedRanges = addresses.isEmpty ? [] : allowedRanges else { return }
        let isAllowed = addresses.contains { address in allowedRanges.contains { $0.contains(address) } }
        if isAllowed { return }
        let refusals = addresses.compactMap(AddressGuard(allowing: allowedRanges).refusal)
        if let first = refusals.first, refusals.count == addresses.count {
            field.refuse(
                "leads to an address where deliveries may not go: \(first.address) is \(first.kind.rawValue)",
                "add \(first.address.block) to webhooks.allow")
        } else if !url.isSecure {
            field.refuse(
                "would send what a tenant used in the clear",
                addresses.first.map { "write https://, or add \($0.block) to webhooks.allow" }
                    ?? "write https://; http needs an address that is in webhooks.allow")
        }
    }

    /// Those that the host is, or stands for by its very name.
    private static func addresses(of host: String) -> [IPAddress] {
        if host == "localhost" { return [.v4(0x7F00_0001), .v6(1)] }
        let bare = host.hasPrefix("[") ? host.dropFirst().dropLast() : host[...]
        return IPAddress(bare).map { [$0] } ?? []
    }

    /// Nil where one of them is wrong: then nobody knows what was to be allowed.
    private func ranges(_ field: Field) -> [AddressRange]? {
        guard let entries = field.list(max: 256, expected: "a list of address ranges") else { return nil }
        let ranges = entries.map { entry -> AddressRange? in
            guard let text = entry.text(expected: "a range such as 10.0.0.0/8") else { return nil }
            if let range = AddressRange(text) { return range }
            entry.refuse(
                "\(Spelling.quoted(text)) is no range of addresses",
                AddressRange.nearest(to: text).map { "did you mean \"\($0)\"?" }
                    ?? "write an address and how many of its bits all share: 10.0.0.0/8")
            return nil
        }
        return ranges.contains(nil) ? nil : ranges.compactMap(\.self)
    }

    // MARK: Signed with what

    private static let secretsMax = 10

    private func webhookSecrets(_ section: Section) -> [Secret] {
        let remedy = "write secret: env:NAME; \(Self.secretRecipe)"
        switch (section["secret"], section["secrets"]) {
        case (nil, nil):
            _ = section.required("secret", remedy: remedy)
            return []
        case (let field?, nil):
            return secrets.secret(in: field).map { isSigningSecret($0, field) ? [$0] : [] } ?? []
        case (let single, let field?):
            single?.refuse("cannot stand beside secrets", "put it first among them")
            let placed = secrets.keys(in: field, owner: "")
            if placed.count > Self.secretsMax {
                field.refuse("stands for \(placed.count) secrets; the most is \(Self.secretsMax)")
            }
            return placed.filter { isSigningSecret($0.key.secret, $0.field) }.map(\.key.secret)
        }
    }

    private static let secretRecipe = "make one: echo whsec_$(openssl rand -base64 32)"

    private func isSigningSecret(_ secret: Secret, _ field: Field) -> Bool {
        let text = secret.reveal()
        if text.hasPrefix("whsec_"), let key = Base64Text.decode(text.dropFirst(6)), 24...64 ~= key.count {
            return true
        }
        field.refuse("is no webhook secret, whsec_ and 24 to 64 bytes in base64", Self.secretRecipe)
        return false
    }

    // MARK: In which form

    private func readFormat(_ section: Section, into webhook: inout Configuration.Webhook) {
        // Where the format itself is wrong, that is the mistake to mend.
        let format = section.value("format", default: webhook.format) { $0.choice("format") }
        webhook.format = format ?? webhook.format
        webhook.encoding = webhook.format.usualEncoding
        section.set(&webhook.sendsSinglesBare, "bare") { $0.flag() }
        section.set(&webhook.eventType, "event_type") { $0.name(bytesMax: 256) }
        section.set(&webhook.source, "source") { $0.name(bytesMax: 256) }
        section.set(&webhook.code, "code") { $0.name(bytesMax: 256) }
        section.set(&webhook.subscription, "subscription") { $0.name(bytesMax: 256) }
        section.set(&webhook.batch, "batch", batch)
        section.set(&webhook.concurrency, "concurrency") { $0.integer(in: 1...64) }
        guard let format else { return }
        for key in Configuration.Webhook.Format.Key.allCases where !format.keys.contains(key) {
            let takers = Configuration.Webhook.Format.allCases.filter { $0.keys.contains(key) }
            section[key.rawValue]?.refuse(
                "means nothing to the format \(format.rawValue)",
                "it belongs to \(takers.map(\.rawValue).joined(separator: ", ")); remove it")
        }
    }

    private func batch(_ field: Field) -> Configuration.Webhook.Batch? {
        guard let section = Section(field, .batch) else { return nil }
        var batch = Configuration.Webhook.Batch()
        section.set(&batch.recordsMax, "records") { $0.integer(in: 1...10_000) }
        section.set(&batch.bytesMax, "bytes") { $0.byteCount(in: 4 << 10...16 << 20) }
        section.set(&batch.delay, "delay") { $0.duration(in: .zero ... .seconds(60)) }
        return batch
    }

    private func retry(_ field: Field) -> Configuration.Webhook.Retry? {
        guard let section = Section(field, .retry) else { return nil }
        var retry = Configuration.Webhook.Retry()
        let first = section.value("first", default: retry.first) {
            $0.duration(in: .milliseconds(10) ... .seconds(3_600))
        }
        let longest = section.value("max", default: retry.longest) {
            $0.duration(in: .milliseconds(100) ... .seconds(7 * 86_400))
        }
        guard let first, let longest else { return nil }
        if first > longest {
            (section["max"] ?? field).refuse(
                "the first pause, \(DurationText.print(first)), is longer than "
                    + DurationText.print(longest), "raise max, or shorten first")
        }
        (retry.first, retry.longest) = (first, longest)
        return retry
    }
}

extension IPAddress {
    /// What to write to allow it.
    fileprivate var block: String {
        switch self {
        case .v4: isLoopback ? "127.0.0.0/8" : "\(self)/32"
        case .v6: "\"\(self)/128\""
        }
    }
}
