package import SignalboxCore

/// When which key is checked. It reads no clock and sends nothing: it is asked what to begin, and told what
/// became of it.
///
/// ```
///                  turn(at:)                    ended: taught
///  waiting (due) ────────────▶ in flight ───────────────────────────▶ waiting (a regular turn)
///     ▲  │  traffic proved it      │  ended: doubted, nothing                    ▲
///     │  └─────────────────────────┼────▶ waiting (an interval after the proof) ─┘
///     └────────────────────────────┘        waiting (after a pause that doubles)
/// ```
///
/// Regular turns lie on a grid: each key has a phase of its own within the interval, and jitter moves its
/// turns around the grid's lines without ever adding up. So checks stay as evenly spread as they were laid
/// out, whatever happened in between.
package struct KeySchedule: Sendable {
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
        case judged(isBad: Bool, due: Duration)
        /// None is believed; the next check was due after so long.
        case tried(due: Duration)
    }

    /// What a check was good for.
    package enum Ending: Sendable, Hashable {
        /// A verdict is believed, or confirmed.
        case taught(isBad: Bool)
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

    /// Checks under way at the same time, of all providers together.
    package static let inFlightMax = 16
    /// No provider is left alone for longer, whatever it asks for.
    package static let restMax: Duration = .seconds(3_600)
    /// A check that waits for a limit is overdue after this.
    package static let overdueAfter: Duration = .seconds(60)

    var entries: [KeyName: Entry] = [:]
    private var paces: [String: CheckPace] = [:]
    private var running: [Int: (key: KeyName, begun: Instant)] = [:]
    private var number = 0
    private var random: FastRandom
    /// Where the last key's turns lie within its interval, 0 to 1.
    private var phase: Double
    /// Before this nothing can begin, unless a check ends.
    private var quietUntil = Instant.past

    /// The same seed makes the same plan.
    package init(seed: UInt64) {
        random = FastRandom(seed: seed)
        phase = Double.random(in: 0..<1, using: &random)
    }

    package var inFlight: Int { running.count }

    /// Those whose check waits for a limit since more than a minute.
    package func overdue(at now: Instant) -> Int {
        let line = now.nanoseconds - KeySchedule.overdueAfter.nanoseconds
        return entries.values.count { $0.check == nil && $0.due.nanoseconds < line }
    }

    package func isInFlight(_ key: KeyName) -> Bool { entries[key]?.check != nil }

    /// Of its check that is under way.
    package func number(of key: KeyName) -> Int? { entries[key]?.check }

    /// When its next check is due; nil while one is under way, and for a key that is not watched.
    package func due(_ key: KeyName) -> Instant? {
        entries[key].flatMap { $0.check == nil ? $0.due : nil }
    }

    // MARK: Keys come and go

    /// Keys about which nothing is known are due soon, one after the other; others when they were.
    package mutating func add(_ additions: [Addition], at now: Instant) {
        let fresh = Dictionary(grouping: additions.filter { $0.past == .unknown }) { $0.key.provider }
        var place: [String: Int] = [:]
        for addition in additions {
            remove(addition.key)
            let provider = addition.key.provider
            paces[provider, default: CheckPace(perMinute: addition.terms.requestsPerMinute)].keys += 1
            paces[provider]?.perMinute = addition.terms.requestsPerMinute
            var entry = Entry(addition.terms, anchor: line(within: addition.terms.interval, from: now))
            switch addition.past {
            case .unknown:
                let index = place[provider, default: 0]
                place[provider] = index + 1
                entry.due = soon(index, of: fresh[provider]?.count ?? 1, addition, at: now)
            case .tried(let due): entry.due = now.advanced(by: entry.bounded(due))
            case .judged(let isBad, let due):
                entry.due = now.advanced(by: entry.bounded(due))
                entry.anchor = entry.due
                (entry.isKnown, entry.isBad, entry.cause) = (true, isBad, .regular)
            }
            entries[addition.key] = entry
        }
        quietUntil = .past
    }

    /// Spread over the time that they need at the provider's limit, or over the interval if that is shorter.
    private mutating func soon(
        _ index: Int, of count: Int, _ addition: Addition, at now: Instant
    ) -> Instant {
        let distance = CheckPace(perMinute: addition.terms.requestsPerMinute).distance
        let span = Double(min(distance * count, addition.terms.interval).nanoseconds)
        let place = (Double(index) + Double.random(in: 0..<1, using: &random)) / Double(count)
        return now.advanced(by: .nanoseconds(Int64(span * place)))
    }

    /// A phase that lies where the others leave most room: multiples of the golden section.
    private mutating func line(within interval: Duration, from now: Instant) -> Instant {
        phase += 0.618_033_988_749_894_9
        if phase >= 1 { phase -= 1 }
        return now.advanced(by: .nanoseconds(Int64(Double(interval.nanoseconds) * phase)))
    }

    /// A check of it that is under way counts for its provider until it ends.
    package mutating func remove(_ key: KeyName) {
        guard entries.removeValue(forKey: key) != nil else { return }
        paces[key.provider]?.keys -= 1
    }

    /// Goes on with other terms; a new interval is a new grid.
    package mutating func change(_ key: KeyName, to terms: Terms, at now: Instant) {
        guard var entry = entries[key], entry.terms != terms else { return }
        if entry.terms.interval != terms.interval {
            entry.anchor = line(within: terms.interval, from: now)
            if entry.cause != .first { entry.due = min(entry.due, entry.anchor) }
            if entry.cause == .regular { entry.due = entry.anchor }
        }
        entry.terms = terms
        entries[key] = entry
        paces[key.provider]?.perMinute = terms.requestsPerMinute
        quietUntil = .past
    }

    // MARK: What others say

    /// Somebody wants it checked now. Joins the check under way.
    /// - Returns: false for a key that is not watched.
    package mutating func demand(_ key: KeyName) -> Bool {
        guard let entry = entries[key] else { return false }
        if entry.check == nil {
            entries[key]?.isDemanded = true
            quietUntil = .past
        }
        return true
    }

    /// A request was refused for what the provider thinks of the key: due now, unless that is known already.
    package mutating func refused(_ key: KeyName, at now: Instant) {
        guard let entry = entries[key], !entry.isBad else { return }
        hasten(key, at: now)
    }

    /// A request was answered with a key that is believed to be bad: due now, unless a check has begun since.
    package mutating func proved(_ key: KeyName, by proof: Instant, at now: Instant) {
        guard let entry = entries[key], entry.isBad, entry.isNews(proof) else { return }
        hasten(key, at: now)
    }

    private mutating func hasten(_ key: KeyName, at now: Instant) {
        guard var entry = entries[key] else { return }
        if entry.check != nil {
            entry.isHastened = true
        } else {
            entry.hasten(at: now)
            quietUntil = .past
        }
        entries[key] = entry
    }

    // MARK: Checks

    /// What is to be done now.
    /// - Parameter proof: when traffic last showed that a key works.
    package mutating func turn(at now: Instant, proof: (KeyName) -> Instant?) -> Turn {
        var turn = Turn()
        guard quietUntil <= now else {
            turn.next = quietUntil
            return turn
        }
        for key in dueKeys(at: now) {
            if let proof = proof(key), entries[key]?.isSpared(by: proof, at: now) == true {
                let jitter = jitter(of: key)
                entries[key]?.spare(after: proof, jitter: jitter)
                turn.skipped.append(key)
            } else {
                begin(key, at: now, in: &turn)
            }
        }
        turn.next = nextTurn(at: now)
        quietUntil = turn.next ?? Instant(nanoseconds: .max)
        paces = paces.filter { $0.value.keys > 0 || !$0.value.isIdle }
        return turn
    }

    /// Those that somebody waits for first, then by how long they are due.
    private func dueKeys(at now: Instant) -> [KeyName] {
        let due = entries.filter { $0.value.isDue(at: now) }
        return due.sorted { left, right in
            if left.value.isDemanded != right.value.isDemanded { return left.value.isDemanded }
            return (left.value.due, left.key) < (right.value.due, right.key)
        }.map(\.key)
    }

    private mutating func begin(_ key: KeyName, at now: Instant, in turn: inout Turn) {
        guard running.count < KeySchedule.inFlightMax, let entry = entries[key],
            let earliest = paces[key.provider]?.earliest(at: now, isDemanded: entry.isDemanded),
            earliest <= now
        else { return }
        number += 1
        paces[key.provider]?.begin(at: now)
        running[number] = (key, now)
        let late = entry.due.duration(to: now) / entry.terms.interval
        if !entry.isDemanded, late >= 1 { turn.missed.append((key, Int(late))) }
        entries[key]?.begin(number, at: now)
        turn.begun.append(Check(number: number, key: key))
    }

    private mutating func nextTurn(at now: Instant) -> Instant? {
        var next: Instant?
        /// By provider: when one that is due could begin, and nil where an end must come first.
        var earliest: [String: Instant?] = [:]
        for (key, entry) in entries where entry.check == nil {
            var moment = entry.due
            if entry.isDue(at: now) {
                guard running.count < KeySchedule.inFlightMax else { continue }
                if entry.isDemanded {
                    guard let found = paces[key.provider]?.earliest(at: now, isDemanded: true) else {
                        continue
                    }
                    moment = found
                } else {
                    let found =
                        earliest[key.provider]
                        ?? paces[key.provider]?.earliest(at: now, isDemanded: false)
                    earliest[key.provider] = found
                    guard let found else { continue }
                    moment = found
                }
            }
            next = min(next ?? moment, moment)
        }
        return next
    }

    /// - Parameter requests: how many the check has made.
    /// - Returns: whether it was still wanted: not where the key has gone, or another one has taken its name.
    package mutating func ended(_ check: Check, _ ending: Ending, requests: Int, at now: Instant) -> Bool {
        guard let (key, begun) = running.removeValue(forKey: check.number) else { return false }
        paces[key.provider]?.end(begun: begun, requests: requests, at: now)
        quietUntil = .past
        guard var entry = entries[key], entry.check == check.number else { return false }
        let pause = entry.end(ending, jitter: jitter(of: key), at: now)
        if case .rateLimited = ending, let pause {
            paces[key.provider]?.rest(until: now.advanced(by: pause))
        }
        entries[key] = entry
        return true
    }

    /// From -1 to 1, times the jitter.
    private mutating func jitter(of key: KeyName) -> Double {
        guard let jitter = entries[key]?.terms.jitter, jitter > 0 else { return 0 }
        return jitter * Double.random(in: -1...1, using: &random)
    }
}
