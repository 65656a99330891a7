extension Configuration {
    /// `usage:`, what becomes of the record that every attempt at a provider leaves.
    public struct Usage: Sendable, Equatable {
        /// What an answer's last byte waits for.
        public enum Durability: String, Sendable, CaseIterable {
            /// Until its record is on the disk: what a client has whole is billed, whatever happens next.
            case commit
            /// For nothing: a crash of the machine or the process loses the last moments' records.
            case async
            /// There are no records.
            case none
        }

        /// What becomes of requests while no record can be written: the disk is full, or ``sizeBytesMax`` is
        /// reached.
        public enum FullPolicy: String, Sendable, CaseIterable {
            /// They are refused, with 503: nothing is answered that cannot be billed.
            case refuse
            /// They are answered, and every record that is lost is counted.
            case `continue`
        }

        /// Default `commit`. `none` only where there is no webhook and no budget.
        public var durability = Durability.commit
        /// Default `refuse`.
        public var onFull = FullPolicy.refuse
        /// What the records may take up on the disk, in bytes: 16 MiB to 1 TiB. Default 4 GiB.
        public var sizeBytesMax = 4 << 30
        /// How long records are kept that nobody waits for, and deliveries that were given up: 1 to 3,650
        /// days. At least what the longest period of a budget takes. Default 90 days.
        public var retention = Duration.seconds(90 * 86_400)
        public var drain = Drain()

        public init() {}
    }

    /// `usage.drain`: how long an answer that nobody reads any more is listened to, for the provider's word
    /// on what it used.
    public struct Drain: Sendable, Equatable {
        /// 0 to 10 min; with 0 what was used is estimated at once. Default 5 s.
        public var time = Duration.seconds(5)
        /// Bytes of one answer: 0 to 1 GiB. Default 1 MiB.
        public var bytesMax = 1 << 20
        /// Answers at one time, over all threads: 0 to 100,000. Default 256.
        public var answersMax = 256

        public init() {}
    }
}
