public import SignalboxCore

extension Configuration {
    /// `server:`, the listener that clients call.
    public struct Server: Sendable, Equatable {
        public enum Threads: Sendable, Equatable {
            /// One a core.
            case automatic
            /// 1 to 64.
            case count(Int)
        }

        /// One to sixteen addresses. Default `127.0.0.1:8080`.
        public var listen = [ListenAddress(.loopback, port: 8080)]
        /// Event loops. Default automatic.
        public var threads = Threads.automatic
        /// Largest request body accepted, in bytes: 1 KiB to 1 GiB. Default 32 MiB.
        public var bodyBytesMax = 32 << 20
        /// Largest request head accepted, in bytes: 1 KiB to 1 MiB. Default 16 KiB.
        public var headerBytesMax = 16 << 10
        /// How long a client may take to send its head: 1 ms to 1 h. Default 10 s.
        public var headerTimeout = Duration.seconds(10)
        /// How long a client may take to send its body: 1 ms to 1 h. Default 30 s.
        public var bodyTimeout = Duration.seconds(30)
        /// How long a kept-alive connection may stay quiet between requests: 1 ms to 24 h. Default 75 s.
        public var idleTimeout = Duration.seconds(75)
        /// How long a client may refuse to read its reply: 1 ms to 1 h. Default 30 s.
        public var writeTimeout = Duration.seconds(30)
        /// A request's one deadline, queueing and every attempt included: 1 ms to 1 h. Default 120 s.
        public var requestTimeout = Duration.seconds(120)
        /// Open client connections over all threads: 1 to 1,000,000. Default 10,000.
        public var connectionsMax = 10_000
        /// How long requests in flight may go on once the daemon is told to stop: 0 to 1 h. Default 30 s.
        public var drainTimeout = Duration.seconds(30)
        /// Whether anyone may call from beyond loopback although there are no tenants. Default false.
        public var allowsAnonymous = false
        /// For every address. Default none: plain HTTP.
        public var tls: TLS?

        public init() {}
    }
}
