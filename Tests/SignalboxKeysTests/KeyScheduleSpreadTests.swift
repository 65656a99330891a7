import SignalboxCore
import SignalboxKeys
import Testing

@Suite struct KeyScheduleSpreadTests {
    private typealias Reply = ScheduleRun.Reply

    /// Ten providers with a hundred keys each.
    private func thousand(seed: UInt64 = 1, jitter: Double = 0.1) -> ScheduleRun {
        var run = ScheduleRun(seed: seed)
        for index in 0..<10 {
            run.add(ScheduleRun.keys(100, of: "p\(index)"), ScheduleRun.terms(jitter: jitter))
        }
        return run
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a thousand keys are checked evenly, minute by minute`(seed: UInt64) {
        var run = thousand(seed: seed)
        run.run(for: .minutes(62))
        // Each is checked for the first time within the time that its provider's limit takes for a hundred.
        let first = Dictionary(grouping: run.begun, by: \.key).values.compactMap(\.first?.at)
        #expect(first.count == 1_000)
        #expect(first.allSatisfy { ScheduleRun.start.duration(to: $0) < .seconds(120) })
        // From then on 1,000 keys in 15 minutes are 66.7 a minute: none has 30% more or less, and no five
        // minutes have a tenth.
        let counts = run.perMinute(2..<62)
        #expect(counts.allSatisfy { (47...86).contains($0) }, "\(counts)")
        let fives = (0...55).map { counts[$0..<$0 + 5].reduce(0, +) }
        #expect(fives.allSatisfy { (300...367).contains($0) }, "\(fives)")
        // And no second has more than a few.
        let seconds = Dictionary(grouping: run.begun) {
            Int(ScheduleRun.start.duration(to: $0.at) / .seconds(1))
        }
        #expect(run.doubled == 0 && run.inFlightMost <= KeySchedule.inFlightMax)
        #expect(seconds.values.allSatisfy { $0.count <= 20 })
        #expect(run.mostInAnyMinute <= 60)
    }

    @Test func `of a thousand keys those that traffic proves are skipped, and no others`() {
        var run = thousand()
        func isProved(_ key: KeyName) -> Bool { ["p0", "p1", "p2", "p3", "p4"].contains(key.provider) }
        run.run(for: .minutes(62), proof: { key, now in isProved(key) ? now : nil })
        let counts = Dictionary(grouping: run.begun, by: \.key).mapValues(\.count)
        #expect(counts.count == 1_000)
        // The first check tells what traffic does not.
        #expect(counts.allSatisfy { isProved($0.key) ? $0.value == 1 : (4...6).contains($0.value) })
        #expect(Set(run.skipped).count == 500 && run.skipped.allSatisfy(isProved))
        #expect(run.mostInAnyMinute <= 60)
    }

    @Test func `no key waits longer than its interval and its jitter, nor is checked much sooner`() {
        var run = thousand()
        run.run(for: .minutes(62))
        let keys = Set(run.begun.map(\.key))
        let pauses = keys.flatMap { run.pauses(of: $0).dropFirst() }
        #expect(pauses.count > 2_000)
        // What a check may wait for its distance to the last one comes on top: a few seconds.
        #expect(pauses.allSatisfy { .seconds(808) <= $0 && $0 <= .seconds(995) })
        #expect(keys.allSatisfy { run.pauses(of: $0).first.map { $0 < .seconds(995) } ?? false })
    }

    @Test func `without jitter each key keeps its own place in the interval`() {
        var run = thousand(jitter: 0)
        run.run(for: .minutes(62))
        let key = KeyName(provider: "p3", alias: "p3-7")
        let pauses = run.pauses(of: key).dropFirst()
        #expect(!pauses.isEmpty)
        #expect(pauses.allSatisfy { abs(($0 - .seconds(900)) / .seconds(1)) <= 5 })
    }

    @Test func `where a limit is too low for all keys, it is kept, and each has its turn`() {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(1_000, of: "one")
        run.add(keys, ScheduleRun.terms(perMinute: 40))
        run.run(for: .minutes(100))
        #expect(run.mostInAnyMinute <= 40)
        // A check takes five requests before it is known that it makes one: so much of the limit stays free.
        let counts = run.perMinute(1..<100)
        #expect(counts.allSatisfy { (34...40).contains($0) }, "\(counts)")
        // 1,000 keys at 40 a minute are 25 minutes.
        let turns = keys.map { run.times(of: $0).count }
        #expect(turns.allSatisfy { (3...5).contains($0) }, "\(Set(turns))")
        #expect(run.missed > 0)
        #expect(run.schedule.overdue(at: run.now) > 100)
    }

    @Test(arguments: [5, 7, 30, 60, 300])
    func `no minute has more requests than the limit, however many a check makes and takes`(limit: Int) {
        var random = FastRandom(seed: UInt64(limit))
        var run = ScheduleRun()
        for provider in ["a", "b"] {
            run.add(ScheduleRun.keys(200, of: provider), ScheduleRun.terms(perMinute: limit))
        }
        run.run(for: .minutes(40)) { _, _ in
            Reply(
                ending: Bool.random(using: &random) ? .taught(isBad: false) : .nothing(retryAfter: nil),
                elapsed: .milliseconds(Int.random(in: 1...10_000, using: &random)),
                requests: Int.random(in: 0...KeyProbeRequest.countMax, using: &random))
        }
        #expect(run.mostInAnyMinute <= limit)
        #expect(run.begun.count > 40 * limit / 6)
        #expect(run.doubled == 0 && run.inFlightMost <= KeySchedule.inFlightMax)
    }

    @Test func `a limit below what one check may take is kept on the average, one key at a time`() {
        var run = ScheduleRun()
        run.add(ScheduleRun.keys(5, of: "slow"), ScheduleRun.terms(interval: .seconds(60), perMinute: 2))
        run.run(for: .minutes(30)) { _, _ in Reply(elapsed: .seconds(1), requests: 5) }
        #expect(run.inFlightMost == 1)
        #expect((run.requests.count - 5) <= 2 * 30)
        #expect(run.requests.count >= 40)
    }

    @Test func `providers do not wait for each other's limits, but share the places`() {
        var run = ScheduleRun()
        for index in 0..<40 { run.add(ScheduleRun.keys(1, of: "p\(index)")) }
        run.run(for: .seconds(1)) { _, _ in Reply(elapsed: .seconds(10)) }
        #expect(run.inFlightMost == KeySchedule.inFlightMax)
        run.run(for: .seconds(30)) { _, _ in Reply(elapsed: .seconds(10)) }
        #expect(Set(run.begun.map(\.key)).count == 40)
        #expect(run.inFlightMost == KeySchedule.inFlightMax)
    }

    @Test func `a provider that answers nothing does not take the places of the others`() {
        var run = ScheduleRun()
        run.add(ScheduleRun.keys(500, of: "silent"), ScheduleRun.terms(perMinute: 6_000))
        for index in 0..<5 { run.add(ScheduleRun.keys(10, of: "p\(index)")) }
        run.run(for: .minutes(17)) { key, _ in
            key.provider == "silent"
                ? Reply(ending: .nothing(retryAfter: nil), elapsed: .seconds(10)) : Reply()
        }
        let others = run.begun.filter { $0.key.provider != "silent" }
        // Twice each: at once, and within the interval.
        let counts = Dictionary(grouping: others, by: \.key).mapValues(\.count)
        #expect(counts.count == 50 && counts.values.allSatisfy { $0 >= 2 })
        let first = Dictionary(grouping: others, by: \.key).values.compactMap(\.first?.at)
        #expect(first.allSatisfy { ScheduleRun.start.duration(to: $0) < .seconds(15) })
    }

    @Test func `the same seed makes the same plan, another one another`() {
        func begun(_ seed: UInt64) -> [ScheduleRun.Begun] {
            var run = thousand(seed: seed)
            run.run(for: .minutes(20))
            return run.begun
        }
        let one = begun(7)
        #expect(one == begun(7))
        #expect(one != begun(8))
    }
}
