import SignalboxCore

/// A working day of a few vendors and tenants, told in minutes, and again from its beginning when it is over.
/// It reads no clock.
public struct DemoDay: Sendable, Equatable {
    public static let lengthAllowed = Duration.seconds(60) ... .seconds(86_400)

    public let length: Duration
    /// Draws what happens by chance: requests, latencies, failures.
    public let seed: UInt64

    /// - Parameters:
    ///   - length: within ``lengthAllowed``. Health is judged by the last minute, so that days of less than
    ///     three show less of it.
    public init(length: Duration = .seconds(360), seed: UInt64 = 1) {
        precondition(Self.lengthAllowed.contains(length), "a day has a minute at least")
        self.length = length
        self.seed = seed
    }

    /// What the vendors, the callers and the receiver do at a moment.
    public struct Hour: Sendable, Equatable {
        public var troubles: Set<DemoTrouble>
        /// By all callers together.
        public var requestsPerSecond: Double
        /// Dollars that cedar's key has left.
        public var cedarBalance: Double
        /// Dollars until the limit of birch's keys.
        public var birchRemaining: Double
    }

    /// - Parameter elapsed: since the first day began; not negative.
    public func hour(at elapsed: Duration) -> Hour {
        let part = part(at: elapsed)
        let troubles = Set(DemoTrouble.allCases.filter { $0.hours.contains { $0.contains(part) } })
        // Few at night, most in the afternoon.
        let daylight = 1 - abs(2 * part - 1)
        return Hour(
            troubles: troubles,
            requestsPerSecond: troubles.contains(.burst) ? 40 : 4 + 8 * daylight,
            cedarBalance: troubles.contains(.cedarCreditEnds) ? 0 : 12 * (1 - part),
            birchRemaining: 80 - 60 * part)
    }

    /// What is different from a moment before, in the order of the cases.
    public func changes(from earlier: Hour, to later: Hour) -> [Change] {
        DemoTrouble.allCases.compactMap { trouble in
            let (was, is_) = (earlier.troubles.contains(trouble), later.troubles.contains(trouble))
            if was == is_ { return nil }
            return Change(trouble: trouble, begins: is_)
        }
    }

    public struct Change: Sendable, Equatable {
        public let trouble: DemoTrouble
        public let begins: Bool

        public var words: String { begins ? trouble.words.begins : trouble.words.ends }
    }

    /// How far the day has come, from 0 up to 1.
    private func part(at elapsed: Duration) -> Double {
        Double(elapsed.nanoseconds % length.nanoseconds) / Double(length.nanoseconds)
    }
}
