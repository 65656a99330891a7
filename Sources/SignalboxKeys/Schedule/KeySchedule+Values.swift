package import SignalboxCore

/// What the schedule is told, and what it answers.
extension KeySchedule {
    package struct Terms: Sendable, Hashable {
        package var interval: Duration
        /// By which part of the interval the time between two regular checks varies at most.
        package var jitter: Double
        package var retry: Duration
        /// Of the provider; where its keys differ, what came last.
        package var requestsPerMinute: Int

        package init(interval: Duration, jitter: Double, retry: Duration, requestsPerMinute: Int) {
            self.interval = max(interval, .milliseconds(1))
            self.jitter = min(max(jitter, 0), 0.5)
            self.retry = max(retry, .milliseconds(1))
            self.requestsPerMinute = max(1, requestsPerMinute)
        }
    }

    package struct Addition: Sendable {
        package var key: KeyName
        package var terms: Terms
        package var past: Past

        package init(_ key: KeyName, _ terms: Terms, _ past: Past) {
            self.key = key
            self.terms = terms
            self.past = past
        }
    }

    /// What an earlier run knew of a key.
    package enum Past: Sendable, Hashable {
        case unknown
        /// A verdict is believed; the next check was due after so long.
        case judged(isBad: Bool, tellsAmounts: Bool = false, due: Duration)
        /// None is believed; the next check was due after so long.
        case tried(due: Duration)
    }

    /// What a check was good for.
    package enum Ending: Sendable, Hashable {
        /// A verdict is believed, or confirmed. Amounts, such as a balance, are what traffic does not show.
        case taught(isBad: Bool, tellsAmounts: Bool = false)
        /// A verdict waits to be confirmed.
        case doubted
        case nothing(retryAfter: Duration?)
        /// The whole provider rests.
        case rateLimited(retryAfter: Duration?)
    }

    package struct Check: Sendable, Hashable {
        package let number: Int
        package let key: KeyName
    }

    package struct Turn: Sendable {
        /// To be begun now, in this order.
        package var begun: [Check] = []
        /// Left out, since traffic had proved the key.
        package var skipped: [KeyName] = []
        /// Whose limits have cost regular turns, and how many.
        package var missed: [(key: KeyName, turns: Int)] = []
        /// When to ask again if nothing ends before.
        package var next: Instant?
    }
}

extension KeyDetails {
    /// Whether there is something in it that is used up, and that callers' requests do not show.
    var tellsAmounts: Bool { !balances.isEmpty || limitRemaining != nil }
}
