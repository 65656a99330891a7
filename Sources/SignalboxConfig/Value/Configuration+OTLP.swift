extension Configuration {
    /// `otlp:`, where metrics, spans and log records are sent to, beside `/metrics` and the log.
    public struct OTLP: Sendable, Equatable {
        public enum Signal: String, Sendable, CaseIterable {
            case metrics, traces, logs
        }

        public enum Compression: String, Sendable, CaseIterable {
            case gzip, none
        }

        /// As which of OpenTelemetry's two kinds histograms are sent.
        public enum Histograms: String, Sendable, CaseIterable {
            case explicit, exponential
        }

        /// Nil where the signal is not exported.
        public var metrics: Metrics?
        public var traces: Records?
        public var logs: Records?
        /// Attributes of the resource, beside those that Signalbox knows by itself; they win over those. At
        /// most 64.
        public var resource: [String: String] = [:]
        /// How long a program that ends goes on sending what waits: 0 to 10 min. Default 5 s.
        public var flushTimeout = Duration.seconds(5)

        public init() {}
    }
}

extension Configuration.OTLP {
    /// Where one signal goes, and how.
    public struct Destination: Sendable, Equatable {
        /// `http` or `https`, the signal's own path included.
        public var url: String
        /// Sent with every request, sorted by name; at most 64.
        public var headers: [Configuration.Header] = []
        /// Default `gzip`.
        public var compression = Compression.gzip
        /// For one request and its answer: 1 ms to 1 h. Default 10 s.
        public var timeout = Duration.seconds(10)
        /// For a batch, from its first request on, pauses and retries included: 1 ms to 1 h. Default 30 s.
        public var exportTimeout = Duration.seconds(30)
        /// The pause before a batch is sent again for the first time; it doubles from there: 1 ms to 10 min.
        /// Default 1 s.
        public var retryDelay = Duration.seconds(1)
        /// A PEM file of certificate authorities that replaces the system's. Default nil: the system's.
        public var certificateAuthorityFile: String?
        /// A PEM file with the certificate that says who we are. Default nil.
        public var clientCertificateFile: String?
        /// A PEM file with that certificate's key. Default nil.
        public var clientKeyFile: String?

        public init(url: String) {
            self.url = url
        }
    }

    /// `otlp.metrics:`
    public struct Metrics: Sendable, Equatable {
        public var destination: Destination
        /// From one export to the next: 100 ms to 24 h. Default 60 s.
        public var interval = Duration.seconds(60)
        /// Default `explicit`.
        public var histograms = Histograms.explicit

        public init(_ destination: Destination) {
            self.destination = destination
        }
    }

    /// `otlp.traces:` and `otlp.logs:`
    public struct Records: Sendable, Equatable {
        public var destination: Destination
        /// Records that may wait: 1 to 1,000,000. Default 2,048.
        public var queueMax = 2_048
        /// Records in one request: 1 to ``queueMax``. Default 512.
        public var batchMax = 512
        /// How long a record may wait for others: 1 ms to 1 h. Default 5 s for spans, 1 s for log records.
        public var delay: Duration

        public init(_ destination: Destination, delay: Duration) {
            self.destination = destination
            self.delay = delay
        }
    }
}
