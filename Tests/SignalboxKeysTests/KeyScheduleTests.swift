import SignalboxCore
import SignalboxKeys
import Testing

@Suite struct KeyScheduleTests {
    private typealias Reply = ScheduleRun.Reply

    private let key = KeyName(provider: "one", alias: "one-0")

    /// A key that was found good a moment ago, without jitter.
    private func known(_ terms: KeySchedule.Terms = ScheduleRun.terms(jitter: 0)) -> ScheduleRun {
        var run = ScheduleRun()
        run.add([key], terms, .judged(isBad: false, due: .seconds(10)))
        run.run(for: .seconds(20))
        return run
    }

    private func bad() -> ScheduleRun {
        var run = ScheduleRun()
        run.add([key], ScheduleRun.terms(jitter: 0), .judged(isBad: true, due: .seconds(10)))
        run.run(for: .seconds(20)) { _, _ in Reply(ending: .taught(isBad: true)) }
        return run
    }

    // MARK: Traffic

    @Test func `a key that traffic proves is not checked, until traffic ends`() {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(100, of: "one")
        let proved = Set(keys.prefix(50))
        run.add(keys)
        // A request each ten seconds.
        let traffic = { (key: KeyName, now: Instant) -> Instant? in
            guard proved.contains(key) else { return nil }
            return Instant(nanoseconds: now.nanoseconds / 10_000_000_000 * 10_000_000_000)
        }
        run.run(for: .minutes(62), proof: traffic)
        let counts = keys.map { run.times(of: $0).count }
        // The first check tells what traffic does not; the others are left out, about four in an hour.
        #expect(counts.prefix(50).allSatisfy { $0 == 1 })
        #expect(counts.suffix(50).allSatisfy { (4...6).contains($0) })
        #expect(Set(run.skipped) == proved)
        #expect((150...250).contains(run.skipped.count))
        let end = run.now
        run.run(for: .minutes(17), proof: { key, _ in proved.contains(key) ? end : nil })
        #expect(keys.allSatisfy { (run.times(of: $0).last ?? .zero) > .minutes(62) })
    }

    @Test
    func `a key whose checks tell a balance is checked at each fourth turn at least, whatever traffic says`()
    {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(20, of: "one")
        run.add(keys, ScheduleRun.terms(jitter: 0.1), .judged(isBad: false, tellsAmounts: true, due: .zero))
        run.run(for: .minutes(15 * 40), proof: { _, now in now }) { _, _ in
            Reply(ending: .taught(isBad: false, tellsAmounts: true))
        }
        // Forty turns; a proof at the very moment moves the next one by an interval, and a little more by
        // jitter.
        for key in keys { #expect((8...11).contains(run.times(of: key).count)) }
        #expect(run.skipped.count >= 20 * 3 * 8)
    }

    @Test func `after a proof the next check is due an interval later`() throws {
        var run = known()
        let proof = run.now.advanced(by: .minutes(10))
        run.run(for: .minutes(30), proof: { _, now in now >= proof ? proof : nil })
        #expect(run.skipped == [key])
        let next = try #require(run.times(of: key).last)
        #expect(next == ScheduleRun.start.duration(to: proof) + .minutes(15))
    }

    @Test(arguments: Array(1...20) as [UInt64])
    func `one proof spares one check, whatever the jitter`(seed: UInt64) {
        var run = ScheduleRun(seed: seed)
        run.add([key], ScheduleRun.terms(jitter: 0.5), .judged(isBad: false, due: .minutes(14)))
        let proof = run.now.advanced(by: .seconds(1))
        run.run(for: .minutes(30), proof: { _, now in now > proof ? proof : nil })
        #expect(run.skipped == [key])
        #expect((run.times(of: key).first ?? .zero) >= .minutes(15))
    }

    @Test func `an old proof spares no check`() {
        var run = known()
        let proof = run.now
        run.run(for: .minutes(31), proof: { _, _ in proof.advanced(by: .seconds(-300)) })
        #expect(run.skipped.isEmpty && run.times(of: key).count == 3)
    }

    @Test func `a bad key is checked whatever traffic says, and at once when it says something new`() {
        var run = bad()
        run.run(for: .minutes(20), proof: { _, now in now }) { _, _ in Reply(ending: .taught(isBad: true)) }
        #expect(run.skipped.isEmpty && run.times(of: key).count == 2)
        let now = run.now
        run.schedule.proved(key, by: now, at: now)
        run.run(for: .seconds(1))
        #expect(run.times(of: key).last == ScheduleRun.start.duration(to: now))
        // It is good again, and so spared again.
        run.run(for: .minutes(30), proof: { _, now in now })
        #expect(!run.skipped.isEmpty && run.times(of: key).count == 3)
    }

    @Test func `a refusal has the key checked at once, and no older success outweighs it`() {
        var run = known()
        run.run(for: .minutes(2))
        let now = run.now
        run.schedule.refused(key, at: now)
        run.run(for: .seconds(1), proof: { _, now in now })
        #expect(run.times(of: key).last == ScheduleRun.start.duration(to: now))
    }

    @Test func `refusals have a key checked no more often than the retry`() {
        var run = known()
        for _ in 0..<300 {
            run.schedule.refused(key, at: run.now)
            run.run(for: .seconds(1))
        }
        #expect((9...12).contains(run.times(of: key).count))
        #expect(run.pauses(of: key).allSatisfy { $0 >= .seconds(30) || $0 == run.pauses(of: key).first })
        #expect(run.doubled == 0)
    }

    @Test func `a refusal of a key that is known to be bad is no news`() {
        var run = bad()
        run.schedule.refused(key, at: run.now)
        run.run(for: .minutes(5))
        #expect(run.times(of: key).count == 1)
    }

    // MARK: Failures

    @Test func `a check that taught nothing comes again soon, then later and later, up to the interval`() {
        var run = known()
        run.run(for: .minutes(150)) { _, _ in Reply(ending: .nothing(retryAfter: nil), elapsed: .zero) }
        let pauses = run.pauses(of: key).dropFirst().prefix(8)
        #expect(pauses.elementsEqual([30, 60, 120, 240, 480, 900, 900, 900].map { .seconds($0) }))
    }

    @Test func `a doubt is settled soon`() {
        var run = known()
        run.run(for: .minutes(15)) { _, _ in Reply(ending: .doubted, elapsed: .zero) }
        run.run(for: .minutes(1), proof: { _, now in now }) { _, _ in Reply(ending: .taught(isBad: true)) }
        #expect(run.pauses(of: key).last == .seconds(30))
        #expect(run.skipped.isEmpty)
    }

    @Test func `a provider that is down is spared the checks of keys that traffic proves`() {
        var run = known()
        run.run(for: .minutes(15)) { _, _ in Reply(ending: .nothing(retryAfter: nil), elapsed: .zero) }
        run.run(for: .minutes(10), proof: { _, now in now })
        #expect(run.skipped == [key] && run.times(of: key).count == 2)
    }

    @Test func `after failures the grid is what it was`() throws {
        var run = known()
        let place = try #require(run.times(of: key).first)
        run.run(for: .minutes(15)) { _, _ in Reply(ending: .nothing(retryAfter: nil), elapsed: .zero) }
        run.run(for: .minutes(60))
        let regular = run.times(of: key).dropFirst(3)
        #expect(regular.count >= 3)
        #expect(regular.allSatisfy { ($0 - place).nanoseconds % Duration.minutes(15).nanoseconds == 0 })
    }

    @Test func `a wait that a failing provider asks for is the key's own`() {
        var run = known()
        let other = KeyName(provider: "one", alias: "one-1")
        run.add([other], ScheduleRun.terms(jitter: 0), .judged(isBad: false, due: .minutes(15)))
        run.run(for: .minutes(17)) { key, _ in
            key == other ? Reply() : Reply(ending: .nothing(retryAfter: .seconds(600)), elapsed: .zero)
        }
        #expect(run.times(of: other).count == 1 && run.times(of: key).count == 2)
        run.run(for: .minutes(10))
        #expect(run.pauses(of: key).last == .seconds(600))
    }

    // MARK: Limits that providers set

    @Test(arguments: [nil, 5, 400]) func `under a rate limit the whole provider rests`(seconds: Int?) {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(20, of: "one")
        let others = ScheduleRun.keys(20, of: "two")
        run.add(keys + others, ScheduleRun.terms(jitter: 0))
        run.run(for: .seconds(5)) { key, _ in
            guard key.provider == "one" else { return Reply(elapsed: .zero) }
            return Reply(ending: .rateLimited(retryAfter: seconds.map { .seconds($0) }), elapsed: .zero)
        }
        // As long as was asked for, and as the doubled retry is.
        let rest = max(seconds ?? 0, 30)
        let limited = run.begun.filter { $0.key.provider == "one" }
        #expect(limited.count == 1)
        run.run(for: .seconds(rest - 5))
        #expect(run.begun.filter { $0.key.provider == "one" }.count == 1)
        #expect(Set(run.begun.map(\.key)).isSuperset(of: others))
        run.run(for: .minutes(2))
        #expect(Set(run.begun.map(\.key)).isSuperset(of: keys))
        #expect(run.mostInAnyMinute <= 60)
    }

    @Test func `no provider rests longer than an hour`() {
        var run = known()
        run.run(for: .minutes(15)) { _, _ in
            Reply(ending: .rateLimited(retryAfter: .seconds(1_000_000_000)), elapsed: .zero)
        }
        run.run(for: .minutes(70))
        #expect(run.pauses(of: key)[1] == KeySchedule.restMax)
    }

    // MARK: Demands

    @Test func `a demand is met at once, a rest notwithstanding, but the limit is`() {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(20, of: "one")
        let terms = ScheduleRun.terms(jitter: 0, perMinute: 10)
        run.add(keys, terms, .judged(isBad: false, due: .minutes(15)))
        run.demand(keys[0])
        run.run(for: .seconds(1)) { _, _ in
            Reply(ending: .rateLimited(retryAfter: .seconds(300)), elapsed: .zero)
        }
        for key in keys { run.demand(key) }
        run.run(for: .seconds(2))
        #expect(run.begun.count > 2)
        #expect(run.mostInAnyMinute <= 10)
        run.run(for: .minutes(3))
        #expect(Set(run.begun.map(\.key)) == Set(keys))
        #expect(run.mostInAnyMinute <= 10)
        let isKnown = run.schedule.demand(KeyName(provider: "one", alias: "nobody"))
        #expect(!isKnown)
    }

    @Test func `a demand joins the check that is under way`() {
        var run = known()
        run.demand(key)
        run.run(for: .seconds(1)) { _, _ in Reply(elapsed: .seconds(5)) }
        #expect(run.schedule.isInFlight(key))
        run.demand(key)
        run.run(for: .minutes(1)) { _, _ in Reply(elapsed: .seconds(5)) }
        #expect(run.times(of: key).count == 2 && run.doubled == 0)
    }

    // MARK: Other keys, other terms

    @Test func `keys that come and go leave the others where they were`() {
        var run = ScheduleRun()
        let keys = ScheduleRun.keys(50, of: "one")
        run.add(keys)
        run.run(for: .minutes(20))
        let (gone, left) = (keys.prefix(10), keys.suffix(40))
        let dues = left.map { run.schedule.due($0) }
        for key in gone { run.schedule.remove(key) }
        let came = (50..<60).map { KeyName(provider: "one", alias: "one-\($0)") }
        run.add(came)
        #expect(left.map { run.schedule.due($0) } == dues)
        let count = run.begun.count
        run.run(for: .minutes(40))
        let later = Set(run.begun.dropFirst(count).map(\.key))
        #expect(later == Set(left).union(came))
    }

    @Test func `a check of a key that has gone counts for its provider, and for nothing else`() {
        var schedule = KeySchedule(seed: 1)
        let terms = ScheduleRun.terms(perMinute: 5)
        let now = ScheduleRun.start
        schedule.add([.init(key, terms, .judged(isBad: false, due: .zero))], at: now)
        let begun = schedule.turn(at: now, proof: { _ in nil }).begun
        #expect(begun.map(\.key) == [key])
        schedule.remove(key)
        schedule.add([.init(key, terms, .judged(isBad: false, due: .zero))], at: now)
        let held = schedule.turn(at: now, proof: { _ in nil })
        #expect(held.begun.isEmpty && held.next == nil)
        let end = now.advanced(by: .seconds(1))
        let isWanted = schedule.ended(begun[0], .taught(isBad: true), requests: 5, at: end)
        #expect(!isWanted)
        let after = schedule.turn(at: end, proof: { _ in nil })
        #expect(after.begun.isEmpty && after.next == end.advanced(by: .seconds(60)))
        let minute = schedule.turn(at: end.advanced(by: .seconds(60)), proof: { _ in nil })
        #expect(minute.begun.map(\.key) == [key])
    }

    @Test func `a shorter interval holds from now on`() {
        var run = known()
        run.schedule.change(key, to: ScheduleRun.terms(interval: .seconds(60), jitter: 0), at: run.now)
        run.run(for: .minutes(10))
        #expect((9...11).contains(run.times(of: key).dropFirst().count))
        let due = run.schedule.due(key)
        run.schedule.change(key, to: ScheduleRun.terms(interval: .seconds(60), jitter: 0), at: run.now)
        #expect(run.schedule.due(key) == due)
    }

    @Test func `what was due in an earlier run is due then, and no later than an interval from now`() {
        var run = ScheduleRun()
        let keys = (0..<3).map { KeyName(provider: "p\($0)", alias: "a") }
        let terms = ScheduleRun.terms(jitter: 0)
        let dues: [Duration] = [.seconds(120), .seconds(-1_000_000), .seconds(1_000_000)]
        for (key, due) in zip(keys, dues) { run.add([key], terms, .judged(isBad: false, due: due)) }
        run.run(for: .minutes(16))
        #expect(keys.map { run.times(of: $0).first } == [.seconds(120), .zero, .minutes(15)])
    }
}
