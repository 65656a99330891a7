public import SignalboxCore

extension Configuration {
    /// `admin:`, the listener for metrics, health and administration.
    public struct Admin: Sendable, Equatable {
        /// Default `127.0.0.1:9464`.
        public var listen = ListenAddress(.loopback, port: 9464)
        /// What protected paths ask for as Bearer. Without it and ``basicAuth``, only loopback is listened
        /// on.
        public var token: Secret?
        /// What protected paths take instead of the token. Default none.
        public var basicAuth: BasicAuth?
        /// Whether `/metrics` is protected too. Default false; true only with a token or ``basicAuth``.
        public var protectsMetrics = false
        /// Default none: plain HTTP.
        public var tls: TLS?
        /// Scrapes that may be rendered, waited for or sent at once: 1 to 1,000. Default 16.
        public var scrapesMax = 16
        /// How long a finished rendering is handed out to further scrapes: 0 to 10 s. Default 100 ms.
        public var scrapeFreshness = Duration.milliseconds(100)

        public init() {}
    }

    /// `admin.basic_auth`
    public struct BasicAuth: Sendable, Equatable {
        /// 1 to 256 bytes without a colon.
        public var username: String
        public var password: Secret

        public init(username: String, password: Secret) {
            self.username = username
            self.password = password
        }
    }

    /// `server.tls` and `admin.tls`: PEM files, read when the configuration is.
    public struct TLS: Sendable, Equatable {
        public var certificateFile: String
        /// The content of ``certificateFile``.
        public var certificate: String
        public var keyFile: String
        /// The content of ``keyFile``.
        public var key: Secret

        public init(certificateFile: String, certificate: String, keyFile: String, key: Secret) {
            self.certificateFile = certificateFile
            self.certificate = certificate
            self.keyFile = keyFile
            self.key = key
        }
    }
}
