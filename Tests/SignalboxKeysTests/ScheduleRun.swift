import SignalboxCore
import SignalboxKeys
import Testing

/// A schedule carried out on a clock that jumps from one event to the next.
struct ScheduleRun {
    struct Begun: Equatable {
        let key: KeyName
        let at: Instant
    }

    struct Request {
        let provider: String
        let at: Instant
    }

    /// What a provider says to a check, after how long, and of how many requests that was.
    struct Reply {
        var ending = KeySchedule.Ending.taught(isBad: false)
        var elapsed: Duration = .milliseconds(200)
        var requests = 1
    }

    static let start = Instant(nanoseconds: 1_000_000_000)

    var schedule: KeySchedule
    private(set) var now = ScheduleRun.start
    private(set) var begun: [Begun] = []
    private(set) var requests: [Request] = []
    private(set) var skipped: [KeyName] = []
    private(set) var missed = 0
    private(set) var inFlightMost = 0
    /// Keys that were checked while a check of them was under way.
    private(set) var doubled = 0
    private var ends: [(at: Instant, check: KeySchedule.Check, reply: Reply)] = []

    init(seed: UInt64 = 1) {
        schedule = KeySchedule(seed: seed)
    }

    /// How long it runs already.
    var elapsed: Duration { ScheduleRun.start.duration(to: now) }

    static func keys(_ count: Int, of provider: String) -> [KeyName] {
        (0..<count).map { KeyName(provider: provider, alias: "\(provider)-\($0)") }
    }

    static func terms(
        interval: Duration = .seconds(900), jitter: Double = 0.1, retry: Duration = .seconds(30),
        perMinute: Int = 60
    ) -> KeySchedule.Terms {
        KeySchedule.Terms(interval: interval, jitter: jitter, retry: retry, requestsPerMinute: perMinute)
    }

    mutating func add(
        _ keys: [KeyName], _ terms: KeySchedule.Terms = terms(), _ past: KeySchedule.Past = .unknown
    ) {
        schedule.add(keys.map { KeySchedule.Addition($0, terms, past) }, at: now)
    }

    mutating func demand(_ key: KeyName) {
        let isKnown = schedule.demand(key)
        #expect(isKnown)
    }

    /// Goes on for so long.
    /// - Parameters:
    ///   - proof: when traffic last showed that a key works.
    ///   - reply: what a check of a key that begins now is told.
    mutating func run(
        for duration: Duration, proof: (KeyName, Instant) -> Instant?,
        _ reply: (KeyName, Instant) -> Reply = { _, _ in Reply() }
    ) {
        let end = now.advanced(by: duration)
        while true {
            let turn = schedule.turn(at: now) { proof($0, now) }
            skipped += turn.skipped
            missed += turn.missed.reduce(0) { $0 + $1.turns }
            for check in turn.begun { begin(check, reply(check.key, now)) }
            inFlightMost = max(inFlightMost, ends.count)
            let next = min(turn.next ?? end, ends.map(\.at).min() ?? end)
            now = min(max(next, now), end)
            let over = ends.filter { $0.at <= now }
            ends.removeAll { $0.at <= now }
            for (_, check, reply) in over {
                _ = schedule.ended(check, reply.ending, requests: reply.requests, at: now)
            }
            if now >= end { return }
        }
    }

    mutating func run(for duration: Duration, _ reply: (KeyName, Instant) -> Reply = { _, _ in Reply() }) {
        run(for: duration, proof: { _, _ in nil }, reply)
    }

    private mutating func begin(_ check: KeySchedule.Check, _ reply: Reply) {
        if ends.contains(where: { $0.check.key == check.key }) { doubled += 1 }
        begun.append(Begun(key: check.key, at: now))
        ends.append((now.advanced(by: reply.elapsed), check, reply))
        for index in 0..<reply.requests {
            let place = reply.elapsed * index / max(1, reply.requests - 1)
            requests.append(Request(provider: check.key.provider, at: now.advanced(by: place)))
        }
    }

    // MARK: What came of it

    /// Checks that began in each minute.
    func perMinute(_ minutes: Range<Int>) -> [Int] {
        var counts = [Int](repeating: 0, count: minutes.upperBound)
        for check in begun {
            let minute = Int(ScheduleRun.start.duration(to: check.at) / .seconds(60))
            if minute < counts.count { counts[minute] += 1 }
        }
        return Array(counts[minutes])
    }

    /// The most requests that one provider got within any sixty seconds.
    var mostInAnyMinute: Int {
        Dictionary(grouping: requests, by: \.provider).values.map { requests in
            let times = requests.map(\.at).sorted()
            var (first, most) = (0, 0)
            for (index, time) in times.enumerated() {
                while times[first].duration(to: time) >= .seconds(60) { first += 1 }
                most = max(most, index - first + 1)
            }
            return most
        }.max() ?? 0
    }

    func times(of key: KeyName) -> [Duration] {
        begun.filter { $0.key == key }.map { ScheduleRun.start.duration(to: $0.at) }
    }

    /// Between one check of a key and the next.
    func pauses(of key: KeyName) -> [Duration] {
        let times = times(of: key)
        return zip(times, times.dropFirst()).map { $1 - $0 }
    }
}

extension Duration {
    static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
}
