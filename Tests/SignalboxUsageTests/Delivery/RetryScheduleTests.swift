import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct RetryScheduleTests {
    private static let start = WallTime(nanosecondsSince1970: 1_767_225_600_000_000_000)

    private func after(_ seconds: Double) -> WallTime {
        WallTime(nanosecondsSince1970: Self.start.nanosecondsSince1970 + Int64(seconds * 1e9))
    }

    /// Seconds from `now` to the next attempt; nil where there is none.
    private func pause(
        _ schedule: RetrySchedule = RetrySchedule(), after attempts: Int, at now: WallTime = start,
        floor: Duration? = nil, isThrottled: Bool = false, seed: UInt64 = 1
    ) -> Double? {
        var random = FastRandom(seed: seed)
        let verdict = schedule.next(
            after: attempts, since: Self.start, floor: floor, isThrottled: isThrottled, at: now,
            random: &random)
        guard case .again(let next) = verdict else { return nil }
        return Double(next.nanosecondsSince1970 - now.nanosecondsSince1970) / 1e9
    }

    @Test(arguments: [
        (1, 5), (2, 300), (3, 1_800), (4, 7_200), (5, 18_000), (6, 36_000), (7, 50_400), (8, 72_000),
        (9, 86_400),
    ])
    func `pauses are the standard's, a fifth more or less`(attempts: Int, seconds: Double) throws {
        var seen: Set<Double> = []
        for seed in 1...200 {
            let pause = try #require(self.pause(after: attempts, seed: UInt64(seed)))
            #expect(seconds * 0.8...min(seconds * 1.2, 86_400) ~= pause)
            seen.insert(pause)
        }
        #expect(seen.count > 20, "chance has a part in it")
    }

    @Test func `without chance's part ten attempts take 75 hours and a half, within the limit`() {
        let total = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].reduce(0, +)
        #expect(total < 76 * 3_600 && total > 75 * 3_600)
    }

    @Test func `the last attempt is made when the time is over, and none after it`() {
        let nearly = after(76 * 3_600 - 100)
        #expect(pause(after: 9, at: nearly) == 100)
        #expect(pause(after: 10, at: after(76 * 3_600)) == nil)
        #expect(pause(after: 10, at: after(80 * 3_600)) == nil)
    }

    @Test func `every run of failures ends within the limit`() {
        for seed in 1...50 {
            var random = FastRandom(seed: UInt64(seed))
            var now = Self.start
            var attempts = 0
            run: while true {
                attempts += 1
                switch RetrySchedule().next(after: attempts, since: Self.start, at: now, random: &random) {
                case .again(let next): now = next
                case .exhausted: break run
                }
            }
            #expect(now == after(76 * 3_600))
            #expect(9...13 ~= attempts)
        }
    }

    @Test func `what the receiver asks for is the least that it gets, up to the longest pause`() {
        #expect(pause(after: 1, floor: .seconds(120)) == 120)
        #expect((pause(after: 1, floor: .seconds(1)) ?? 0) > 3)
        #expect(pause(after: 1, floor: .seconds(7 * 86_400)) == 86_400)
    }

    @Test func `a receiver that is overloaded is left alone for a minute`() {
        #expect(pause(after: 1, isThrottled: true) == 60)
        #expect((pause(after: 2, isThrottled: true) ?? 0) >= 240)
    }

    @Test func `a shorter schedule keeps its proportions, and its longest pause`() {
        let schedule = RetrySchedule(pauseMin: .milliseconds(200), pauseMax: .seconds(20))
        #expect(0.16...0.24 ~= (pause(schedule, after: 1) ?? 0))
        #expect(9.6...14.4 ~= (pause(schedule, after: 2) ?? 0))
        #expect(16.0...20.0 ~= (pause(schedule, after: 3) ?? 0))
        #expect(pause(schedule, after: 1, isThrottled: true) == 20)
    }

    @Test func `a clock that was set back gives up nothing`() {
        #expect(pause(after: 3, at: after(-10 * 86_400)) != nil)
    }

    @Test func `what was hardly tried is not given up, however late it is`() {
        #expect(pause(after: 1, at: after(80 * 3_600)) != nil)
        #expect(pause(after: 4, at: after(800 * 3_600)) != nil)
        #expect(pause(after: 5, at: after(76 * 3_600)) == nil)
    }
}
