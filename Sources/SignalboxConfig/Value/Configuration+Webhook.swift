public import SignalboxCore

extension Configuration {
    /// `webhooks:`, what all of them share.
    public struct Webhooks: Sendable, Equatable {
        /// Blocks of private addresses that webhooks may lead to all the same; at most 256. Default none.
        public var allowedRanges: [AddressRange] = []
        /// Deliveries in flight, of all webhooks together: 1 to 10,000. Default 256.
        public var concurrency = 256
        /// Who is told of webhooks that fail and budgets that are used up. Default nil: nobody.
        public var operatorWebhook: Webhook?

        public init() {}
    }

    /// `tenants[].webhook` and `webhooks.operator`: where usage records, or events, are delivered to.
    public struct Webhook: Sendable, Equatable {
        /// What the body of a delivery is.
        public enum Format: String, Sendable, CaseIterable {
            /// An object with the records in a list.
            case signalbox
            /// A batch of CloudEvents 1.0, in JSON.
            case cloudevents
            /// CloudEvents as OpenMeter's `/api/v1/events` takes them.
            case openmeter
            /// What Lago's `/api/v1/events/batch` takes.
            case lago
            /// One record a line.
            case ndjson
        }

        public enum Encoding: String, Sendable, CaseIterable {
            case gzip, identity
        }

        /// How many records go out together.
        public struct Batch: Sendable, Equatable {
            /// 1 to 10,000. Default 100.
            public var recordsMax = 100
            /// Of the body before it is compressed: 4 KiB to 16 MiB. Default 90,000.
            public var bytesMax = 90_000
            /// How long a record may wait for others: 0 to 60 s. Default 1 s.
            public var delay = Duration.seconds(1)

            public init() {}
        }

        /// How long a delivery that was not taken rests before it is sent again.
        public struct Retry: Sendable, Equatable {
            /// After the first attempt; the pauses after it keep their proportion to this one: 10 ms to 1 h.
            /// Default 5 s.
            public var first = Duration.seconds(5)
            /// No pause is longer, whatever the receiver asks for: ``first``, and 100 ms, to 7 days. Default
            /// 24 h.
            public var longest = Duration.seconds(86_400)

            public init() {}
        }

        /// `https`; `http` only to an address that is allowed. May have a query; without user and fragment.
        public var url: String
        /// The host of ``url``: in lower case, an IPv6 address in its brackets.
        public var host: String
        /// What deliveries are signed with, all of them: 1 to 10, each `whsec_` and the base64 of 24 to 64
        /// bytes (Standard Webhooks 1.0.0). The first is the newest.
        public var secrets: [Secret]
        /// Default `signalbox`; the operator's is always that.
        public var format = Format.signalbox
        /// Default `gzip`; for `openmeter` and `lago`, which inflate nothing, `identity`.
        public var encoding = Encoding.gzip
        /// Whether a batch of one record goes out as that record alone. Default false; for `signalbox`,
        /// `cloudevents` and `openmeter` alone.
        public var sendsSinglesBare = false
        public var batch = Batch()
        /// Deliveries in flight: 1 to 64; with more than 1 they may arrive in another order. Default 1.
        public var concurrency = 1
        /// For one attempt: 100 ms to 60 s. Default 15 s.
        public var timeout = Duration.seconds(15)
        public var retry = Retry()
        /// From a delivery's first attempt until it is given up and kept as a dead letter: 1 min to 30 days.
        /// Default 76 h.
        public var giveUpAfter = Duration.seconds(76 * 3_600)
        /// Sent with every delivery, sorted by name; at most 64.
        public var headers: [Header] = []
        /// A PEM file of certificate authorities that replaces the system's. Default nil: the system's.
        public var certificateAuthorityFile: String?
        /// `type` of the events, 1 to 256 bytes; for `cloudevents` and `openmeter` alone.
        public var eventType = "signalbox.usage.v1"
        /// `source` of the events, 1 to 256 bytes; for `cloudevents` and `openmeter` alone.
        public var source = "signalbox"
        /// The code of Lago's billable metric, 1 to 256 bytes; for `lago` alone.
        public var code = "usage"
        /// Lago's `external_subscription_id`, 1 to 256 bytes; for `lago` alone. Default nil: the tenant's id.
        public var subscription: String?

        /// - Parameter url: must have a host.
        public init(url: String, host: String, secrets: [Secret]) {
            self.url = url
            self.host = host
            self.secrets = secrets
        }
    }
}

extension Configuration.Webhook.Format {
    /// What ``Configuration/Webhook/encoding`` is where the file does not say.
    public var usualEncoding: Configuration.Webhook.Encoding {
        switch self {
        case .signalbox, .cloudevents, .ndjson: .gzip
        case .openmeter, .lago: .identity
        }
    }
}
