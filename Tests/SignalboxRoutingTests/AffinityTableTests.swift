import SignalboxCore
import SignalboxRouting
import Testing

/// What ``AffinityTable`` promises, written without a thought for speed.
private struct SimpleTable {
    let sessionsMax: Int
    let timeToLive: Duration
    /// From the least to the most recently used.
    var sessions: [(key: SessionKey, target: AffinityTarget, expires: Instant)] = []
    var evictions = 0

    mutating func target(of key: SessionKey, at now: Instant) -> AffinityTarget? {
        sessions.removeAll { $0.expires <= now }
        guard let place = sessions.firstIndex(where: { $0.key == key }) else { return nil }
        var session = sessions.remove(at: place)
        session.expires = now.advanced(by: timeToLive)
        sessions.append(session)
        return session.target
    }

    mutating func remember(_ key: SessionKey, _ target: AffinityTarget, at now: Instant) {
        sessions.removeAll { $0.expires <= now || $0.key == key }
        if sessions.count == sessionsMax {
            sessions.removeFirst()
            evictions += 1
        }
        sessions.append((key, target, now.advanced(by: timeToLive)))
    }

    mutating func forget(_ key: SessionKey) {
        sessions.removeAll { $0.key == key }
    }
}

@Suite struct AffinityTableTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let here = AffinityTarget(provider: 1, model: 2)
    private let there = AffinityTarget(provider: 3, model: 0)

    private func key(_ session: Int, tenant: String = "t", route: String = "r") -> SessionKey {
        SessionKey(tenant: tenant, route: route, session: "\(session)")
    }

    @Test func `a session stays with its target until it has not been used for its time`() {
        var table = AffinityTable(sessionsMax: 10, timeToLive: .seconds(60))
        table.remember(key(1), here, at: start)
        #expect(table.target(of: key(1), at: start.advanced(by: .seconds(59))) == here)
        #expect(table.target(of: key(1), at: start.advanced(by: .seconds(118))) == here)
        #expect(table.target(of: key(1), at: start.advanced(by: .seconds(178))) == nil)
        #expect(table.count == 0)
    }

    @Test func `a full table forgets the session that was used least recently, and counts it`() {
        var table = AffinityTable(sessionsMax: 2)
        table.remember(key(1), here, at: start)
        table.remember(key(2), there, at: start)
        #expect(table.target(of: key(1), at: start) == here)
        table.remember(key(3), there, at: start)
        #expect(table.target(of: key(2), at: start) == nil)
        #expect(table.target(of: key(1), at: start) == here)
        #expect(table.evictions == 1)
        #expect(table.count == 2)
    }

    @Test func `sessions of other tenants and routes are others`() {
        var table = AffinityTable()
        table.remember(key(1), here, at: start)
        #expect(table.target(of: key(1, tenant: "u"), at: start) == nil)
        #expect(table.target(of: key(1, route: "s"), at: start) == nil)
        #expect(
            SessionKey(tenant: "a", route: "bc", session: "d")
                != SessionKey(tenant: "ab", route: "c", session: "d"))
    }

    @Test func `expired sessions make room before living ones do`() {
        var table = AffinityTable(sessionsMax: 3, timeToLive: .seconds(10))
        for session in 1...3 { table.remember(key(session), here, at: start) }
        let later = start.advanced(by: .seconds(5))
        _ = table.target(of: key(1), at: later)
        table.remember(key(4), there, at: start.advanced(by: .seconds(11)))
        #expect(table.target(of: key(1), at: start.advanced(by: .seconds(11))) == here)
        #expect(table.evictions == 0)
    }

    @Test func `it does what a simple list does, in thousands of histories`() {
        for seed in 0..<4_000 as Range<UInt64> {
            var random = FastRandom(seed: seed)
            let sessionsMax = Int.random(in: 1...6, using: &random)
            var table = AffinityTable(sessionsMax: sessionsMax, timeToLive: .seconds(10))
            var simple = SimpleTable(sessionsMax: sessionsMax, timeToLive: .seconds(10))
            var now = start
            for step in 0..<60 {
                now = now.advanced(by: .milliseconds(Int64.random(in: 0...3_000, using: &random)))
                let key = key(Int.random(in: 0..<9, using: &random))
                switch Int.random(in: 0..<8, using: &random) {
                case 0..<4:
                    let target = AffinityTarget(provider: .random(in: 0...9, using: &random), model: step)
                    table.remember(key, target, at: now)
                    simple.remember(key, target, at: now)
                case 4..<7:
                    let (found, expected) = (table.target(of: key, at: now), simple.target(of: key, at: now))
                    guard found == expected else {
                        Issue.record("seed \(seed), step \(step): \(String(describing: found))")
                        return
                    }
                default:
                    table.forget(key)
                    simple.forget(key)
                }
                guard table.count <= sessionsMax, table.count >= simple.sessions.count else {
                    Issue.record("seed \(seed), step \(step): \(table.count) sessions")
                    return
                }
            }
            #expect(table.evictions == simple.evictions, "seed \(seed)")
        }
    }
}
