package import SignalboxStore
package import SignalboxUsage

/// What delivers usage records, as far as those who administer it need it. From any thread.
package protocol UsageDeliveries: Sendable {
    /// How records of an endpoint are put into bodies; nil where there is no such webhook.
    func form(of endpoint: String) -> ReplayForm?

    /// Sends to an endpoint again that was disabled: in the store, and at once.
    func enable(_ endpoint: String) async throws

    /// Looks for what is due: after deliveries were replayed.
    func wake()
}

/// How records become the body of a delivery.
package struct ReplayForm: Sendable {
    /// In one delivery.
    package let recordsMax: Int
    /// JSON of the records that are offered, together, in bytes.
    package let bytesMax: Int
    package let encode: @Sendable ([StoredRecord]) throws -> FrozenBody

    package init(
        recordsMax: Int, bytesMax: Int, encode: @escaping @Sendable ([StoredRecord]) throws -> FrozenBody
    ) {
        self.recordsMax = recordsMax
        self.bytesMax = bytesMax
        self.encode = encode
    }
}

extension WebhookDeliveries: UsageDeliveries {
    package func form(of endpoint: String) -> ReplayForm? {
        self.endpoint(endpoint).map(ReplayForm.init)
    }
}

extension ReplayForm {
    /// As the webhook's own deliveries are made.
    package init(_ endpoint: WebhookEndpoint) {
        let batch = RecordBatch(
            endpoint.format, bytesMax: endpoint.batch.bytesMax, sendsSinglesBare: endpoint.sendsSinglesBare)
        self.init(
            recordsMax: min(endpoint.batch.recordsMax, endpoint.format.recordsMax ?? .max),
            bytesMax: endpoint.batch.bytesMax
        ) { records in
            let body = try batch.write(records.map(\.json))
            return FrozenBody(bytes: body.bytes, records: body.count, note: body.kind.rawValue)
        }
    }
}
