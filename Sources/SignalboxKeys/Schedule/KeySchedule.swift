import DequeModule
import HeapModule
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
    /// Checks under way at the same time, of all providers together.
    package static let inFlightMax = 16
    /// No provider is left alone for longer, whatever it asks for.
    package static let restMax: Duration = .seconds(3_600)
    /// So many turns in a row may traffic spare a key whose checks tell amounts: they would grow stale.
    package static let sparesMax = 3
    /// A check that waits for a limit is overdue after this.
    package static let overdueAfter: Duration = .seconds(60)

    private var entries: [KeyName: Entry] = [:]
    /// Of what is due later; what has been placed anew since stays until its time comes.
    private var upcoming = Heap<Place>()
    /// By provider, by how long they are due: they wait for limits.
    private var ready: [String: Deque<Place>] = [:]
    private var demanded: [KeyName] = []
    private var paces: [String: CheckPace] = [:]
    private var running: [Int: (key: KeyName, begun: Instant)] = [:]
    /// Of checks, and of places.
    private var number = 0
    private var random: FastRandom
    /// Where the last key's turns lie within its interval, 0 to 1.
    private var phase: Double

    /// Where a key stands in line. It is void once the key has another one.
    private struct Place: Comparable {
        let due: Instant
        let number: Int
        let key: KeyName

        static func < (left: Place, right: Place) -> Bool {
            (left.due, left.number) < (right.due, right.number)
        }
    }

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
        var freshBefore: [String: Int] = [:]
        for addition in additions {
            remove(addition.key)
            let provider = addition.key.provider
            paces[provider, default: CheckPace(perMinute: addition.terms.requestsPerMinute)].keys += 1
            paces[provider]?.perMinute = addition.terms.requestsPerMinute
            var entry = Entry(addition.terms, anchor: line(within: addition.terms.interval, from: now))
            switch addition.past {
            case .unknown:
                let index = freshBefore[provider, default: 0]
                freshBefore[provider] = index + 1
                entry.due = soon(index, of: fresh[provider]?.count ?? 1, addition, at: now)
            case .tried(let due): entry.due = now.advanced(by: entry.bounded(due))
            case .judged(let isBad, let tellsAmounts, let due):
                entry.tellsAmounts = tellsAmounts
                entry.due = now.advanced(by: entry.bounded(due))
                entry.anchor = entry.due
                (entry.isKnown, entry.isBad, entry.cause) = (true, isBad, .regular)
            }
            entries[addition.key] = entry
            place(addition.key)
        }
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
        if entry.check == nil { place(key) }
    }

    /// Puts it in line by when it is due; where it stood before is void.
    private mutating func place(_ key: KeyName) {
        guard let due = entries[key]?.due else { return }
        number += 1
        entries[key]?.place = number
        upcoming.insert(Place(due: due, number: number, key: key))
        guard upcoming.count > 2 * entries.count + KeySchedule.voidPlacesMax else { return }
        upcoming = Heap(upcoming.unordered.filter(isValid))
    }

    /// Places that are void and kept, beside as many as there are keys.
    private static let voidPlacesMax = 64

    private func isValid(_ place: Place) -> Bool { entries[place.key]?.place == place.number }

    // MARK: What others say

    /// Somebody wants it checked now. Joins the check under way.
    /// - Returns: false for a key that is not watched.
    package mutating func demand(_ key: KeyName) -> Bool {
        guard let entry = entries[key] else { return false }
        if entry.check == nil, !entry.isDemanded {
            entries[key]?.isDemanded = true
            demanded.append(key)
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
            entries[key] = entry
        } else {
            let due = entry.due
            entry.hasten(at: now)
            entries[key] = entry
            if entry.due != due { place(key) }
        }
    }

    // MARK: Checks

    /// What is to be done now.
    /// - Parameter proof: when traffic last showed that a key works.
    package mutating func turn(at now: Instant, proof: (KeyName) -> Instant?) -> Turn {
        var turn = Turn()
        collect(at: now)
        meetDemands(at: now, in: &turn)
        var next = hasRoom ? demanded.compactMap { earliest($0, isDemanded: true, at: now) }.min() : nil
        /// Providers whose first key cannot begin now.
        var held: Set<String> = []
        while let provider = nextProvider(notIn: held), let key = ready[provider]?.first?.key {
            if let proof = proof(key), entries[key]?.isSpared(by: proof, at: now) == true {
                ready[provider]?.removeFirst()
                spare(key, after: proof)
                turn.skipped.append(key)
            } else if hasRoom, let earliest = earliest(key, isDemanded: false, at: now) {
                guard earliest <= now else {
                    held.insert(provider)
                    next = min(next ?? earliest, earliest)
                    continue
                }
                ready[provider]?.removeFirst()
                begin(key, at: now, in: &turn)
            } else {
                held.insert(provider)
            }
        }
        let first = upcoming.min?.due
        turn.next = first.map { min(next ?? $0, $0) } ?? next
        paces = paces.filter { $0.value.keys > 0 || !$0.value.isIdle }
        return turn
    }

    private var hasRoom: Bool { running.count < KeySchedule.inFlightMax }

    /// Lets those wait for their limits whose time has come.
    private mutating func collect(at now: Instant) {
        while let place = upcoming.min, place.due <= now || !isValid(place) {
            _ = upcoming.popMin()
            if isValid(place) { ready[place.key.provider, default: []].append(place) }
        }
        for (provider, places) in ready {
            // What is void further behind is met when it comes to the front.
            let void = places.prefix { !isValid($0) }.count
            if void == places.count { ready[provider] = nil } else { ready[provider]?.removeFirst(void) }
        }
    }

    /// The provider whose turn it is: of those with keys that are due the one with the fewest checks under
    /// way.
    private mutating func nextProvider(notIn held: Set<String>) -> String? {
        var best: (inFlight: Int, place: Place, provider: String)?
        for provider in Array(ready.keys) where !held.contains(provider) {
            while let place = ready[provider]?.first, !isValid(place) { ready[provider]?.removeFirst() }
            guard let place = ready[provider]?.first else { continue }
            let inFlight = paces[provider]?.inFlight ?? 0
            if best.map({ (inFlight, place) < ($0.inFlight, $0.place) }) ?? true {
                best = (inFlight, place, provider)
            }
        }
        return best?.provider
    }

    private mutating func meetDemands(at now: Instant, in turn: inout Turn) {
        demanded.removeAll { entries[$0]?.isDemanded != true }
        for key in demanded where hasRoom {
            guard let earliest = earliest(key, isDemanded: true, at: now), earliest <= now else { continue }
            begin(key, at: now, in: &turn)
        }
        demanded.removeAll { entries[$0]?.isDemanded != true }
    }

    private mutating func earliest(_ key: KeyName, isDemanded: Bool, at now: Instant) -> Instant? {
        paces[key.provider]?.earliest(at: now, isDemanded: isDemanded)
    }

    private mutating func spare(_ key: KeyName, after proof: Instant) {
        let jitter = jitter(of: key)
        entries[key]?.spare(after: proof, jitter: jitter)
        place(key)
    }

    private mutating func begin(_ key: KeyName, at now: Instant, in turn: inout Turn) {
        guard let entry = entries[key] else { return }
        number += 1
        paces[key.provider]?.begin(at: now)
        running[number] = (key, now)
        let late = entry.due.duration(to: now) / entry.terms.interval
        if !entry.isDemanded, late >= 1 { turn.missed.append((key, Int(late))) }
        entries[key]?.begin(number, at: now)
        turn.begun.append(Check(number: number, key: key))
    }

    /// - Parameter requests: how many the check has made.
    /// - Returns: whether it was still wanted: not where the key has gone, or another one has taken its name.
    package mutating func ended(_ check: Check, _ ending: Ending, requests: Int, at now: Instant) -> Bool {
        guard let (key, begun) = running.removeValue(forKey: check.number) else { return false }
        paces[key.provider]?.end(begun: begun, requests: requests, at: now)
        guard var entry = entries[key], entry.check == check.number else { return false }
        let pause = entry.end(ending, jitter: jitter(of: key), at: now)
        if case .rateLimited = ending, let pause {
            paces[key.provider]?.rest(until: now.advanced(by: pause))
        }
        entries[key] = entry
        place(key)
        return true
    }

    /// From -1 to 1, times the jitter.
    private mutating func jitter(of key: KeyName) -> Double {
        guard let jitter = entries[key]?.terms.jitter, jitter > 0 else { return 0 }
        return jitter * Double.random(in: -1...1, using: &random)
    }
}
