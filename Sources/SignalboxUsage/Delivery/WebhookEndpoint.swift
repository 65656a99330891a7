package import SignalboxCore

/// Where one tenant's records, or the operator's events, are delivered to, and how. Checked already.
package struct WebhookEndpoint: Sendable, Equatable {
    /// Its name in the store and in metrics: the tenant's id.
    package var name: String
    package var tenant: String
    /// `https:`, or `http:`.
    package var url: String
    /// What deliveries are signed with, all of them; at least one.
    package var secrets: [WebhookSecret]
    package var format = RecordFormat.signalbox
    package var sendsSinglesBare = false
    /// Whether bodies are compressed.
    package var isPacked = true
    package var batch = Batch()
    /// Deliveries that are frozen and not yet delivered; with more than 1 they arrive in any order.
    package var concurrency = 1
    /// For one attempt.
    package var timeout = Duration.seconds(15)
    package var retry = RetrySchedule()
    /// Sent with every delivery.
    package var headers: [Header] = []
    /// A PEM file of certificate authorities that replaces the system's.
    package var authorityFile: String?

    /// How many records go out together.
    package struct Batch: Sendable, Equatable {
        package var recordsMax = 100
        /// Of a body before it is compressed.
        package var bytesMax = 90_000
        /// How long a record may wait for others.
        package var delay = Duration.seconds(1)

        package init(recordsMax: Int = 100, bytesMax: Int = 90_000, delay: Duration = .seconds(1)) {
            self.recordsMax = recordsMax
            self.bytesMax = bytesMax
            self.delay = delay
        }
    }

    package struct Header: Sendable, Equatable {
        package var name: String
        package var value: Secret

        package init(_ name: String, _ value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// What the operator's endpoint is called. It is nobody's tenant: ``tenant`` is empty.
    package static let operatorName = "operator"

    package init(name: String, tenant: String, url: String, secrets: [WebhookSecret]) {
        precondition(!secrets.isEmpty, "a delivery is signed")
        self.name = name
        self.tenant = tenant
        self.url = url
        self.secrets = secrets
    }

    /// Puts records into a body, as many as fit.
    var recordBatch: RecordBatch {
        RecordBatch(format, bytesMax: batch.bytesMax, sendsSinglesBare: sendsSinglesBare)
    }
}
