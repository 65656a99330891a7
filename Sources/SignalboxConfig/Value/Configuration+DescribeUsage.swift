import SignalboxCore

extension Configuration {
    /// What becomes of usage records, and whom they are delivered to.
    func describeUsage(in yaml: inout YAMLText) {
        yaml.key("usage")
        yaml.value("durability", usage.durability.rawValue, depth: 1)
        yaml.value("on_full", usage.onFull.rawValue, depth: 1)
        yaml.value("size_max", ByteCountText.print(usage.sizeBytesMax), depth: 1)
        yaml.value("retention", DurationText.print(usage.retention), depth: 1)
        yaml.key("drain", depth: 1)
        yaml.value("time", DurationText.print(usage.drain.time), depth: 2)
        yaml.value("bytes_max", ByteCountText.print(usage.drain.bytesMax), depth: 2)
        yaml.value("max", "\(usage.drain.answersMax)", depth: 2)
        yaml.key("webhooks")
        yaml.list("allow", webhooks.allowedRanges.map(\.description), depth: 1)
        yaml.value("concurrency", "\(webhooks.concurrency)", depth: 1)
        webhooks.operatorWebhook?.describe("operator", depth: 1, isOperator: true, in: &yaml)
    }
}

extension Configuration.Webhook {
    /// - Parameter isOperator: whether events are delivered, which have no format to choose.
    func describe(_ key: String, depth: Int, isOperator: Bool = false, in yaml: inout YAMLText) {
        yaml.key(key, depth: depth)
        let depth = depth + 1
        yaml.value("url", url, depth: depth)
        yaml.list("secrets", secrets.map(\.description), depth: depth)
        if !isOperator { describeFormat(depth: depth, in: &yaml) }
        yaml.value("encoding", encoding.rawValue, depth: depth)
        if !isOperator { describeBatch(depth: depth, in: &yaml) }
        yaml.value("timeout", DurationText.print(timeout), depth: depth)
        yaml.key("retry", depth: depth)
        yaml.value("first", DurationText.print(retry.first), depth: depth + 1)
        yaml.value("max", DurationText.print(retry.longest), depth: depth + 1)
        yaml.value("give_up_after", DurationText.print(giveUpAfter), depth: depth)
        if !headers.isEmpty { yaml.key("headers", depth: depth) }
        for header in headers { yaml.value(header.name, header.value.description, depth: depth + 1) }
        if let file = certificateAuthorityFile { yaml.value("ca_file", file, depth: depth) }
    }

    private func describeFormat(depth: Int, in yaml: inout YAMLText) {
        yaml.value("format", format.rawValue, depth: depth)
        for key in format.keys {
            switch key {
            case .bare: yaml.value(key.rawValue, "\(sendsSinglesBare)", depth: depth)
            case .eventType: yaml.value(key.rawValue, eventType, depth: depth)
            case .source: yaml.value(key.rawValue, source, depth: depth)
            case .code: yaml.value(key.rawValue, code, depth: depth)
            case .subscription:
                if let subscription { yaml.value(key.rawValue, subscription, depth: depth) }
            }
        }
    }

    private func describeBatch(depth: Int, in yaml: inout YAMLText) {
        yaml.key("batch", depth: depth)
        yaml.value("records", "\(batch.recordsMax)", depth: depth + 1)
        yaml.value("bytes", "\(batch.bytesMax)", depth: depth + 1)
        yaml.value("delay", DurationText.print(batch.delay), depth: depth + 1)
        yaml.value("concurrency", "\(concurrency)", depth: depth)
    }
}

extension Configuration.Webhook.Format {
    /// The settings that mean something to some formats only.
    enum Key: String, CaseIterable {
        case bare, source, code, subscription
        case eventType = "event_type"
    }

    var keys: [Key] {
        switch self {
        case .signalbox: [.bare]
        case .cloudevents, .openmeter: [.bare, .eventType, .source]
        case .lago: [.code, .subscription]
        case .ndjson: []
        }
    }
}
