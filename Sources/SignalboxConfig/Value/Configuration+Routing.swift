extension Configuration {
    /// `routing:`, what all routes share.
    public struct Routing: Sendable, Equatable {
        /// What strategies draw their chances from: with the same one, decisions are the same again: 0 to
        /// 9,223,372,036,854,775,807. Default nil: another one with every start.
        public var seed: UInt64?
        public var queue = Queue()
        public var affinity = Affinity()

        public init() {}
    }

    /// `routing.queue`: where requests wait while every candidate is busy or limited.
    public struct Queue: Sendable, Equatable {
        /// Requests that may wait: 0 to 100,000. Default 1,000; with 0 nothing waits.
        public var requestsMax = 1_000
        /// How long one may wait: 1 ms to 1 h; its deadline ends it sooner. Default 10 s.
        public var wait = Duration.seconds(10)
        /// What one class of priority is worth in waiting time: 1 ms to 1 h. A request that has waited so
        /// much longer comes before one of the next class. Default 5 s.
        public var aging = Duration.seconds(5)

        public init() {}
    }

    /// `routing.affinity`: which session stays with which target.
    public struct Affinity: Sendable, Equatable {
        /// How long a session is remembered after its last request: 1 s to 24 h. Default 1 h.
        public var timeToLive = Duration.seconds(3_600)
        /// Sessions remembered, 1 to 10,000,000: beyond it the one unused for longest is forgotten. Default
        /// 100,000.
        public var sessionsMax = 100_000

        public init() {}
    }
}
