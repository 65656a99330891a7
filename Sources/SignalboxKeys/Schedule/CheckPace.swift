import SignalboxCore

/// How fast one provider may be asked about keys: so many requests in any minute, one check after the other
/// at even distances, and none while it rests.
///
/// A check takes ``KeyProbeRequest/countMax`` requests before it is known how many it makes, and what it made
/// counts until a minute after its end: whichever minute is looked at, its requests are within the limit.
struct CheckPace: Sendable {
    var perMinute: Int
    /// Keys of this provider that are watched.
    var keys = 0
    /// Until when the provider has asked to be left alone.
    private(set) var restsUntil = Instant.past
    private(set) var inFlight = 0
    /// Requests that were made, and until when they count.
    private var spent: [(until: Instant, count: Int)] = []
    private var spentCount = 0
    /// When the next check keeps its distance to the last one.
    private var next = Instant.past

    /// Checks of one provider's keys that are under way together: half of all, so that one that does not
    /// answer leaves the others room.
    static let inFlightMax = KeySchedule.inFlightMax / 2
    private static let minute: Duration = .seconds(60)

    init(perMinute: Int) {
        self.perMinute = perMinute
    }

    /// From one request to the next, if they keep even distances.
    var distance: Duration { CheckPace.minute / max(1, perMinute) }

    /// A provider with a limit below that is asked about one key at a time.
    private var reserve: Int { min(KeyProbeRequest.countMax, perMinute) }

    var isIdle: Bool { inFlight == 0 && spent.isEmpty }

    /// When a check may begin: `now`, or later; nil where one in flight must end first.
    /// - Parameter isDemanded: somebody waits for it: neither rest nor distance hold it back, the limit does.
    mutating func earliest(at now: Instant, isDemanded: Bool) -> Instant? {
        guard inFlight < CheckPace.inFlightMax else { return nil }
        forget(at: now)
        let least = isDemanded ? now : max(now, restsUntil, next)
        var taken = inFlight * reserve + spentCount
        if taken + reserve <= perMinute { return least }
        for (until, count) in spent.sorted(by: { $0.until < $1.until }) {
            taken -= count
            if taken + reserve <= perMinute { return max(least, until) }
        }
        return nil
    }

    mutating func begin(at now: Instant) {
        inFlight += 1
        next = now.advanced(by: distance)
    }

    /// - Parameter requests: how many the check has made.
    mutating func end(begun: Instant, requests: Int, at now: Instant) {
        inFlight -= 1
        guard requests > 0 else { return }
        next = max(next, begun.advanced(by: distance * requests))
        // What exceeds a very low limit counts for as many minutes as it takes to make up for it.
        let minutes = (requests + perMinute - 1) / max(1, perMinute)
        spentCount += requests
        spent.append((now.advanced(by: CheckPace.minute * max(1, minutes)), requests))
    }

    mutating func rest(until instant: Instant) {
        restsUntil = max(restsUntil, instant)
    }

    private mutating func forget(at now: Instant) {
        guard spent.contains(where: { $0.until <= now }) else { return }
        spentCount -= spent.reduce(0) { $0 + ($1.until <= now ? $1.count : 0) }
        spent.removeAll { $0.until <= now }
    }
}
