package import SignalboxCore

/// Keeps the requests that one provider's checks make within a number for any minute. It reads no clock.
package struct RoundPace {
    package let requestsPerMinute: Int
    private var taken: [(at: Instant, count: Int)] = []

    private static let window = Duration.seconds(60)

    package init(requestsPerMinute: Int) {
        self.requestsPerMinute = requestsPerMinute
    }

    /// Takes room for a check of `count` requests; or says when to ask again.
    /// - Returns: nil where the check may begin.
    package mutating func admit(_ count: Int, at now: Instant) -> Instant? {
        taken.removeAll { $0.at.advanced(by: Self.window) <= now }
        let used = taken.reduce(0) { $0 + $1.count }
        // A check that is larger than the limit goes alone.
        guard used > 0, used + count > requestsPerMinute else {
            taken.append((now, count))
            return nil
        }
        return taken.first.map { $0.at.advanced(by: Self.window) }
    }

    /// Corrects what ``admit(_:at:)`` took at `start` to what the check has made, by its end.
    package mutating func settle(_ count: Int, as made: Int, from start: Instant, at end: Instant) {
        guard let place = taken.firstIndex(where: { $0.at == start && $0.count == count }) else { return }
        taken.remove(at: place)
        if made > 0 { taken.append((end, made)) }
    }
}
