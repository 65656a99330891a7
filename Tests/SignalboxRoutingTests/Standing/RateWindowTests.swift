import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct RateWindowTests {
    @Test func `it lets no more through than the limit, until a minute has passed`() {
        var window = RateWindow(limit: 2)
        let late = after(.milliseconds(999))
        window.reserve(1, at: dawn)
        window.reserve(1, at: late)
        #expect(window.opening(for: 1, at: late) == after(.seconds(61)))
        #expect(window.opening(for: 1, at: after(.seconds(60))) == after(.seconds(61)))
        #expect(window.opening(for: 1, at: after(.seconds(61))) == .past)
    }

    @Test func `it tells exactly when as much as is asked for will have left`() {
        var window = RateWindow(limit: 100)
        for second in 0..<4 { window.reserve(25, at: after(.seconds(second))) }
        let now = after(.seconds(10))
        #expect(window.opening(for: 25, at: now) == after(.seconds(61)))
        #expect(window.opening(for: 26, at: now) == after(.seconds(62)))
        #expect(window.opening(for: 100, at: now) == after(.seconds(64)))
    }

    @Test func `more than the whole limit never fits`() {
        var window = RateWindow(limit: 100)
        #expect(window.opening(for: 101, at: dawn) == RateWindow.never)
        #expect(window.opening(for: 100, at: dawn) == .past)
    }

    @Test func `what was used counts instead of what was reserved, from when it was reserved`() {
        var window = RateWindow(limit: 100)
        window.reserve(90, at: dawn)
        window.settle(reserved: 90, used: 30, reservedAt: dawn, at: after(.seconds(50)))
        #expect(window.opening(for: 70, at: after(.seconds(50))) == .past)
        #expect(window.opening(for: 71, at: after(.seconds(50))) == after(.seconds(61)))
    }

    @Test func `an attempt longer than the window settles nothing`() {
        var window = RateWindow(limit: 100)
        window.reserve(90, at: dawn)
        let late = after(.seconds(100))
        window.settle(reserved: 90, used: 200, reservedAt: dawn, at: late)
        #expect(window.used(at: late) == 0)
    }

    @Test func `what is released was never there`() {
        var window = RateWindow(limit: 10)
        window.reserve(10, at: dawn)
        window.release(10, reservedAt: dawn, at: after(.seconds(1)))
        #expect(window.opening(for: 10, at: after(.seconds(1))) == .past)
    }

    @Test func `no claim of what was used makes it overflow`() {
        var window = RateWindow(limit: 10)
        for _ in 0..<1_000 {
            window.reserve(1, at: dawn)
            window.settle(reserved: 1, used: .max, reservedAt: dawn, at: dawn)
        }
        #expect(window.opening(for: 1, at: dawn) == after(.seconds(61)))
        #expect(window.headroom(at: dawn) == 0)
    }

    @Test func `the provider's lower count wins until its reset`() {
        var window = RateWindow(limit: 100)
        window.correct(LimitNotice(limit: 100, remaining: 5, resetsIn: .seconds(7)), at: dawn)
        #expect(window.opening(for: 5, at: dawn) == .past)
        #expect(window.opening(for: 6, at: dawn) == after(.seconds(7)))
        #expect(window.headroom(at: dawn) == 0.05)
        window.reserve(5, at: dawn)
        #expect(window.opening(for: 1, at: after(.seconds(6))) == after(.seconds(7)))
        #expect(window.opening(for: 95, at: after(.seconds(7))) == .past)
    }

    @Test func `the provider's higher count does not win over a configured limit`() {
        var window = RateWindow(limit: 10)
        window.reserve(10, at: dawn)
        window.correct(LimitNotice(limit: 100, remaining: 90, resetsIn: .seconds(7)), at: dawn)
        #expect(window.opening(for: 1, at: dawn) == after(.seconds(61)))
    }

    @Test func `the provider's count goes on where ours has made room`() {
        var window = RateWindow(limit: 10)
        window.reserve(10, at: dawn)
        window.correct(LimitNotice(limit: 10, remaining: 1, resetsIn: .seconds(90)), at: dawn)
        #expect(window.opening(for: 1, at: after(.seconds(61))) == .past)
        #expect(window.opening(for: 2, at: after(.seconds(61))) == after(.seconds(90)))
    }

    @Test func `a newer notice replaces an older one`() {
        var window = RateWindow(limit: 100)
        window.correct(LimitNotice(remaining: 0, resetsIn: .seconds(50)), at: dawn)
        window.correct(LimitNotice(remaining: 30, resetsIn: .seconds(20)), at: after(.seconds(1)))
        #expect(window.opening(for: 30, at: after(.seconds(1))) == .past)
    }

    @Test func `a limit that is not configured is learnt, and is whole again after each reset`() {
        var window = RateWindow(limit: nil)
        #expect(window.opening(for: 1_000_000, at: dawn) == .past)
        window.correct(LimitNotice(limit: 30, remaining: 1, resetsIn: .seconds(2)), at: dawn)
        #expect(window.limitKnown == 30)
        #expect(window.opening(for: 2, at: dawn) == after(.seconds(2)))
        #expect(window.opening(for: 31, at: dawn) == RateWindow.never)
        let reset = after(.seconds(2))
        #expect(window.opening(for: 30, at: reset) == .past)
        window.reserve(30, at: reset)
        #expect(window.opening(for: 1, at: reset) == after(.seconds(62)))
        #expect(window.opening(for: 30, at: after(.seconds(10_000))) == .past)
    }

    @Test func `a provider that tells only its limit is counted by what we sent`() {
        var window = RateWindow(limit: nil)
        window.reserve(20, at: dawn)
        window.correct(LimitNotice(limit: 30), at: after(.seconds(1)))
        #expect(window.opening(for: 10, at: after(.seconds(1))) == .past)
        #expect(window.opening(for: 11, at: after(.seconds(1))) == after(.seconds(61)))
    }

    @Test(arguments: [
        LimitNotice(), LimitNotice(limit: 0), LimitNotice(limit: -5), LimitNotice(resetsIn: .seconds(5)),
    ])
    func `a notice that says nothing changes nothing`(notice: LimitNotice) {
        var window = RateWindow(limit: nil)
        window.correct(notice, at: dawn)
        #expect(window.opening(for: 1 << 40, at: dawn) == .past)
    }

    @Test func `a reset that lies further ahead than a day is waited for no longer than a day`() {
        var window = RateWindow(limit: nil)
        window.correct(LimitNotice(remaining: -1, resetsIn: .seconds(1 << 40)), at: dawn)
        #expect(window.opening(for: 1, at: dawn) == after(.seconds(86_400)))
    }

    @Test func `it does as its model does, in any history`() {
        RateWindowHistory.play(seeds: 1...1_000, steps: 60)
    }
}

/// A window beside a list of all that was reserved.
private struct RateWindowHistory: History {
    enum Step: CustomStringConvertible {
        case wait(Duration)
        case reserve(Int)
        case settle(Int, used: Int)
        case notice(LimitNotice)

        var description: String {
            switch self {
            case .wait(let pause): "wait \(pause)"
            case .reserve(let amount): "reserve \(amount)"
            case .settle(let index, let used): "settle \(index), used \(used)"
            case .notice(let notice): "\(notice)"
            }
        }
    }

    private struct Reservation {
        let at: Int64
        let reserved: Int
        var counts: Int
        var isSettled = false

        /// In whole seconds, that of its admission not counted.
        var leaves: Int64 { (at / 1_000_000_000 + 61) * 1_000_000_000 }
    }

    private let limit: Int?
    private var window: RateWindow
    private var now = dawn
    private var reservations: [Reservation] = []
    /// The last notice that counts, and how many reservations came before it.
    private var told: (limit: Int?, remaining: Int, until: Int64, before: Int)?

    init(random: inout FastRandom) {
        limit = random.isOne(in: 3) ? nil : 1 + random.below(50)
        window = RateWindow(limit: limit)
    }

    func step(random: inout FastRandom) -> Step {
        switch random.below(8) {
        case 0, 1: return .wait(random.pause())
        case 2 where !reservations.isEmpty:
            return .settle(random.below(reservations.count), used: random.below(30))
        case 3 where random.isOne(in: 2):
            return .notice(
                LimitNotice(
                    limit: random.isOne(in: 2) ? nil : random.below(50),
                    remaining: random.isOne(in: 4) ? nil : random.below(40),
                    resetsIn: random.isOne(in: 4) ? nil : random.pause()))
        default: return .reserve(random.below(4) * random.below(9))
        }
    }

    private func used(at time: Int64) -> Int {
        reservations.filter { $0.at <= time && time < $0.leaves }.reduce(0) { $0 + $1.counts }
    }

    /// By the provider's count, if it has one at that time.
    private func left(at time: Int64) -> Int? {
        guard let told else { return nil }
        var (remaining, since) = (told.remaining, Int64.min)
        if time >= told.until {
            guard limit == nil, let whole = told.limit else { return nil }
            (remaining, since) = (whole, told.until)
            while since + 60_000_000_000 <= time { since += 60_000_000_000 }
        }
        for reservation in reservations.dropFirst(told.before) where reservation.at >= since {
            remaining -= reservation.reserved
        }
        return max(0, remaining)
    }

    private func fits(_ amount: Int, at time: Int64) -> Bool {
        (limit.map { used(at: time) + amount <= $0 } ?? true) && amount <= left(at: time) ?? .max
    }

    /// The first of all instants at which something changes, and at which it fits.
    private func opening(for amount: Int) -> Instant {
        let time = now.nanoseconds
        if fits(amount, at: time) { return .past }
        var changes = reservations.map(\.leaves)
        if let told {
            var reset = told.until
            while reset <= time { reset += 60_000_000_000 }
            changes.append(reset)
        }
        let opening = changes.filter { $0 > time && fits(amount, at: $0) }.min()
        return opening.map { Instant(nanoseconds: $0) } ?? RateWindow.never
    }

    mutating func play(_ step: Step) -> String? {
        switch step {
        case .wait(let pause):
            now = now.advanced(by: pause)
        case .reserve(let amount):
            let (mine, model) = (window.opening(for: amount, at: now), opening(for: amount))
            guard mine == model else { return "opens at \(mine), not \(model)" }
            guard mine == .past else { break }
            window.reserve(amount, at: now)
            reservations.append(Reservation(at: now.nanoseconds, reserved: amount, counts: amount))
            let minute = reservations.filter { now.nanoseconds - $0.at < 60_000_000_000 }
            if let limit, minute.reduce(0, { $0 + $1.counts }) > limit { return "over the limit" }
        case .settle(let index, let used):
            let reservation = reservations[index]
            guard !reservation.isSettled else { break }
            window.settle(
                reserved: reservation.reserved, used: used,
                reservedAt: Instant(nanoseconds: reservation.at), at: now)
            reservations[index].counts = used
            reservations[index].isSettled = true
        case .notice(let notice):
            window.correct(notice, at: now)
            heed(notice)
        }
        let used = used(at: now.nanoseconds)
        return window.used(at: now) == used ? nil : "used \(window.used(at: now)), not \(used)"
    }

    private mutating func heed(_ notice: LimitNotice) {
        let time = now.nanoseconds
        let whole = notice.limit == 0 ? nil : notice.limit
        guard let remaining = notice.remaining ?? (limit == nil ? whole.map { $0 - used(at: time) } : nil)
        else { return }
        let until = now.advanced(by: notice.resetsIn ?? .seconds(60)).nanoseconds
        told = (whole, max(0, min(remaining, whole ?? .max)), until, reservations.count)
    }
}
