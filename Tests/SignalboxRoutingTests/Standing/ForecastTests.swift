import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct ForecastTests {
    /// So many a second, from `dawn` on, for so long.
    private func reserve(_ window: inout RateWindow, perSecond: Int, seconds: Range<Int>) {
        for second in seconds { window.reserve(perSecond, at: after(.seconds(second))) }
    }

    @Test func `a steady stream that stays below the limit never meets it`() {
        var window = RateWindow(limit: 61)
        reserve(&window, perSecond: 1, seconds: 0..<300)
        #expect(window.fullIn(at: after(.seconds(299))) == nil)
    }

    @Test func `a new stream meets the limit when it has used it up`() {
        var window = RateWindow(limit: 120)
        reserve(&window, perSecond: 4, seconds: 0..<15)
        // 60 of 120 are used, four come each second, and none leaves yet.
        #expect(window.fullIn(at: after(.seconds(14))) == .seconds(15))
    }

    @Test func `what leaves meanwhile makes room`() {
        var window = RateWindow(limit: 120)
        reserve(&window, perSecond: 1, seconds: 0..<45)
        reserve(&window, perSecond: 3, seconds: 45..<60)
        // 45 and 45 are used; three come each second, and one leaves: thirty are free for fifteen seconds.
        #expect(window.fullIn(at: after(.seconds(59))) == .seconds(15))
    }

    @Test func `a burst that is over meets nothing, and a full window is full now`() {
        var window = RateWindow(limit: 100)
        reserve(&window, perSecond: 6, seconds: 0..<15)
        #expect(window.fullIn(at: after(.seconds(40))) == nil)
        window.reserve(20, at: after(.seconds(41)))
        #expect(window.fullIn(at: after(.seconds(41))) == nil)
        window.reserve(20, at: after(.seconds(42)))
        #expect(window.fullIn(at: after(.seconds(42))) == .zero)
    }

    @Test func `what the provider told is used up, unless its reset comes first`() {
        var window = RateWindow(limit: nil)
        reserve(&window, perSecond: 2, seconds: 0..<15)
        let now = after(.seconds(14))
        window.correct(LimitNotice(limit: 100, remaining: 40, resetsIn: .seconds(30)), at: now)
        #expect(window.fullIn(at: now) == .seconds(20))
        window.correct(LimitNotice(limit: 100, remaining: 40, resetsIn: .seconds(19)), at: now)
        #expect(window.fullIn(at: now) == nil)
    }

    @Test func `a limit that nobody told of is guessed once it was met, and forgiven with time`() {
        var window = RateWindow(limit: nil)
        reserve(&window, perSecond: 1, seconds: 0..<41)
        #expect(window.room(at: after(.seconds(40))) == 1)
        window.meetLimit(at: after(.seconds(40)))
        #expect(window.room(at: after(.seconds(40))) == 0)
        #expect(window.headroom(at: after(.seconds(40))) == 1)
        #expect(window.opening(for: 1, at: after(.seconds(40))) == .past)
        let later = after(.seconds(640))
        reserve(&window, perSecond: 1, seconds: 600..<641)
        #expect(window.room(at: later) > 0.48 && window.room(at: later) < 0.5)
    }

    @Test func `where a limit is known, one that is met teaches nothing`() {
        var window = RateWindow(limit: 100)
        reserve(&window, perSecond: 1, seconds: 0..<20)
        window.meetLimit(at: after(.seconds(19)))
        #expect(window.room(at: after(.seconds(19))) == 0.8)
    }

    @Test func `the recent part of a sum is what its newest slots add up to, in every history`() {
        for seed in 0..<500 as Range<UInt64> {
            var random = FastRandom(seed: seed)
            var sum = RollingSum(slots: 61, width: .seconds(1))
            var added: [(second: Int, amount: Int)] = []
            var second = 100
            for _ in 0..<80 {
                second += [0, 0, 1, 2, 7, 90].randomElement(using: &random) ?? 0
                let now = Instant(nanoseconds: Int64(second) * 1_000_000_000)
                sum.advance(to: now)
                let amount = Int.random(in: 0...9, using: &random)
                if Bool.random(using: &random) {
                    sum.add(amount)
                    added.append((second, amount))
                } else if let past = added.randomElement(using: &random) {
                    sum.correct(amount, at: Instant(nanoseconds: Int64(past.second) * 1_000_000_000))
                    added.append((past.second, amount))
                }
                let recent = added.filter { $0.second > second - RollingSum.recentSlots }
                let whole = added.filter { $0.second > second - 61 }
                guard sum.recent == recent.map(\.amount).reduce(0, +),
                    sum.sum == whole.map(\.amount).reduce(0, +)
                else {
                    Issue.record("seed \(seed): \(sum.recent) of \(sum.sum)")
                    return
                }
            }
        }
    }
}
