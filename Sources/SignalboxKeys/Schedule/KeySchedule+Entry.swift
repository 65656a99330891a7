import SignalboxCore

extension KeySchedule {
    /// One key's place in the schedule.
    struct Entry: Sendable {
        /// Why it is due.
        enum Cause: Sendable {
            /// Nothing is known of it yet.
            case first
            case regular
            /// The last check taught nothing.
            case again
            /// Something speaks against it, or for it where it was believed to be bad.
            case doubt
        }

        var terms: Terms
        /// A line of the key's grid.
        var anchor: Instant
        var due: Instant
        var cause = Cause.first
        var isDemanded = false
        /// Set while a check is under way that what was heard since does not wait for.
        var isHastened = false
        /// A verdict is believed.
        var isKnown = false
        var isBad = false
        /// Its checks tell more than whether it works.
        var tellsAmounts = false
        /// Turns in a row that traffic has spared it.
        private var spares = 0
        /// The number of the check that is under way.
        var check: Int?
        /// Where it stands in line; 0 while it does not.
        var place = 0
        /// Checks without a lesson, one after the other.
        private var failures = 0
        private var begun: Instant?
        private var ended: Instant?

        init(_ terms: Terms, anchor: Instant) {
            self.terms = terms
            self.anchor = anchor
            due = anchor
        }

        /// Whether no check has begun since.
        func isNews(_ proof: Instant) -> Bool { begun.map { $0 < proof } ?? true }

        /// A wait from an earlier run: no longer than the interval, whatever became of the clock.
        func bounded(_ wait: Duration) -> Duration {
            min(max(wait, .zero), terms.interval * (1 + terms.jitter))
        }

        mutating func hasten(at now: Instant) {
            let soonest = max(now, begun?.advanced(by: terms.retry) ?? now)
            due = min(due, soonest)
            cause = .doubt
        }

        /// Whether traffic says what a check would say.
        func isSpared(by proof: Instant, at now: Instant) -> Bool {
            guard isKnown, !isBad, !isDemanded, proof.duration(to: now) < terms.interval,
                !tellsAmounts || spares < KeySchedule.sparesMax
            else { return false }
            switch cause {
            case .regular: return true
            case .again: return ended.map { $0 < proof } ?? true
            case .first, .doubt: return false
            }
        }

        mutating func spare(after proof: Instant, jitter: Double) {
            anchor = proof.advanced(by: terms.interval)
            // Never sooner: it would be spared by the same proof again.
            due = moved(anchor, by: abs(jitter))
            (cause, failures) = (.regular, 0)
            spares += 1
        }

        mutating func begin(_ number: Int, at now: Instant) {
            check = number
            place = 0
            begun = now
            isDemanded = false
            spares = 0
        }

        /// - Parameter jitter: up to the terms' own, either way.
        /// - Returns: how long it pauses, where it does not wait for a regular turn.
        mutating func end(_ ending: Ending, jitter: Double, at now: Instant) -> Duration? {
            check = nil
            ended = now
            defer {
                if isHastened { hasten(at: now) }
                isHastened = false
            }
            var least = Duration.zero
            switch ending {
            case .taught(let isBad, let tellsAmounts):
                self.tellsAmounts = tellsAmounts
                nextLine(after: isKnown ? now.advanced(by: terms.interval / 2) : now)
                due = max(now, moved(anchor, by: jitter))
                (cause, failures, isKnown) = (.regular, 0, true)
                self.isBad = isBad
                return nil
            case .doubted: cause = .doubt
            case .nothing(let retryAfter), .rateLimited(let retryAfter):
                cause = isKnown ? .again : .first
                least = min(retryAfter ?? .zero, KeySchedule.restMax)
            }
            let pause = max(least, nextPause())
            due = now.advanced(by: pause * (1 + abs(jitter)))
            return pause
        }

        /// Twice the last one, at most the interval.
        private mutating func nextPause() -> Duration {
            let pause = terms.retry * (1 << min(failures, 20))
            failures += 1
            return min(pause, terms.interval)
        }

        private mutating func nextLine(after instant: Instant) {
            let (interval, behind) = (
                terms.interval.nanoseconds, instant.nanoseconds - anchor.nanoseconds
            )
            guard behind >= 0 else { return }
            anchor = anchor.advanced(by: .nanoseconds((behind / interval + 1) * interval))
        }

        /// Half of it, as the turn before was moved, too.
        private func moved(_ instant: Instant, by jitter: Double) -> Instant {
            instant.advanced(by: .nanoseconds(Int64(Double(terms.interval.nanoseconds) * jitter / 2)))
        }
    }
}
