import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct BreakerTests {
    private let settings = BreakerSettings(
        failures: 3, errorRate: 0.5, window: .seconds(60), requestsMin: 10, cooldown: .seconds(5),
        cooldownMax: .seconds(15), successes: 2, probeLease: .seconds(30))

    /// Lets an attempt through, which ends so at once.
    private func attempt(_ breaker: inout Breaker, failed: Bool, at now: Instant) -> BreakerState? {
        let pass = breaker.admit(at: now)
        return breaker.record(failed: failed, of: pass, at: now)
    }

    private func opened(at now: Instant = dawn) -> Breaker {
        var breaker = Breaker(settings)
        for _ in 0..<3 { _ = attempt(&breaker, failed: true, at: now) }
        return breaker
    }

    @Test func `so many failures in a row open it`() {
        var breaker = Breaker(settings)
        #expect(attempt(&breaker, failed: true, at: dawn) == nil)
        #expect(attempt(&breaker, failed: true, at: dawn) == nil)
        #expect(attempt(&breaker, failed: true, at: dawn) == .open)
        #expect(breaker.state == .open)
        #expect(breaker.refuses(at: dawn) == after(.seconds(5)))
    }

    @Test func `a success in between begins the row anew`() {
        var breaker = Breaker(settings)
        for failed in [true, true, false, true, true] {
            #expect(attempt(&breaker, failed: failed, at: dawn) == nil)
        }
        #expect(breaker.state == .closed)
    }

    @Test func `a share of failures opens it, once enough replies were seen`() {
        var breaker = Breaker(settings)
        for index in 0..<9 { #expect(attempt(&breaker, failed: index % 2 == 0, at: dawn) == nil) }
        #expect(attempt(&breaker, failed: true, at: dawn) == .open)
    }

    @Test func `failures that have left the window open nothing`() {
        var breaker = Breaker(settings)
        for index in 0..<9 { _ = attempt(&breaker, failed: index % 2 == 0, at: dawn) }
        #expect(attempt(&breaker, failed: true, at: after(.seconds(60))) == nil)
    }

    @Test func `after its cool-down an open breaker lets one probe through`() {
        var breaker = opened()
        #expect(breaker.refuses(at: after(.seconds(5) - .nanoseconds(1))) != nil)
        #expect(breaker.refuses(at: after(.seconds(5))) == nil)
        #expect(breaker.admit(at: after(.seconds(5))).isProbe)
        #expect(breaker.state == .halfOpen)
        #expect(breaker.refuses(at: after(.seconds(5))) == after(.seconds(35)))
    }

    @Test func `so many probes that succeed close it`() {
        var breaker = opened()
        #expect(attempt(&breaker, failed: false, at: after(.seconds(5))) == nil)
        #expect(breaker.state == .halfOpen)
        #expect(attempt(&breaker, failed: false, at: after(.seconds(5))) == .closed)
        #expect(!breaker.admit(at: after(.seconds(5))).isProbe)
    }

    @Test func `a probe that fails opens it for twice as long, up to the maximum`() {
        var breaker = opened()
        var now = dawn
        for cooldown in [5, 10, 15, 15] {
            #expect(breaker.refuses(at: now) == now.advanced(by: .seconds(cooldown)))
            now = now.advanced(by: .seconds(cooldown))
            #expect(attempt(&breaker, failed: true, at: now) == .open)
        }
    }

    @Test func `once it has closed, the first cool-down is short again`() {
        var breaker = opened()
        _ = attempt(&breaker, failed: true, at: after(.seconds(5)))
        _ = attempt(&breaker, failed: false, at: after(.seconds(15)))
        _ = attempt(&breaker, failed: false, at: after(.seconds(15)))
        for _ in 0..<3 { _ = attempt(&breaker, failed: true, at: after(.seconds(15))) }
        #expect(breaker.refuses(at: after(.seconds(15))) == after(.seconds(20)))
    }

    @Test func `a probe that told nothing gives its turn to the next`() {
        var breaker = opened()
        let probe = breaker.admit(at: after(.seconds(5)))
        breaker.giveBack(probe)
        #expect(breaker.refuses(at: after(.seconds(5))) == nil)
        #expect(breaker.admit(at: after(.seconds(5))).isProbe)
    }

    @Test func `a probe that never comes back loses its turn, and then its say`() {
        var breaker = opened()
        let lost = breaker.admit(at: after(.seconds(5)))
        #expect(breaker.refuses(at: after(.seconds(35))) == nil)
        let second = breaker.admit(at: after(.seconds(35)))
        #expect(breaker.record(failed: true, of: lost, at: after(.seconds(36))) == nil)
        breaker.giveBack(lost)
        #expect(breaker.refuses(at: after(.seconds(36))) == after(.seconds(65)))
        #expect(breaker.record(failed: true, of: second, at: after(.seconds(37))) == .open)
    }

    @Test func `what was under way when it opened says nothing of later`() {
        var breaker = Breaker(settings)
        let early = (0..<5).map { _ in breaker.admit(at: dawn) }
        for pass in early.prefix(3) { _ = breaker.record(failed: true, of: pass, at: dawn) }
        #expect(breaker.record(failed: false, of: early[3], at: after(.seconds(1))) == nil)
        _ = breaker.admit(at: after(.seconds(5)))
        #expect(breaker.record(failed: true, of: early[4], at: after(.seconds(5))) == nil)
        #expect(breaker.state == .halfOpen)
    }

    @Test func `other settings change the next cool-down, not the one under way`() {
        var breaker = opened()
        var other = settings
        (other.cooldown, other.cooldownMax) = (.seconds(1), .seconds(2))
        breaker.adopt(other)
        #expect(breaker.refuses(at: dawn) == after(.seconds(5)))
        #expect(attempt(&breaker, failed: true, at: after(.seconds(5))) == .open)
        #expect(breaker.refuses(at: after(.seconds(5))) == after(.seconds(7)))
    }

    @Test func `other settings hold for a closed breaker at once`() {
        var breaker = Breaker(settings)
        var other = settings
        (other.failures, other.cooldown) = (1, .seconds(2))
        breaker.adopt(other)
        #expect(attempt(&breaker, failed: true, at: dawn) == .open)
        #expect(breaker.refuses(at: dawn) == after(.seconds(2)))
    }

    @Test func `it does as its model does, in any history`() {
        BreakerHistory.play(seeds: 1...1_000, steps: 60)
    }
}

/// A breaker beside a list of what happened since it last changed.
private struct BreakerHistory: History {
    enum Step: CustomStringConvertible {
        case wait(Duration)
        case attempt
        case reply(Int, failed: Bool)
        case giveBack(Int)

        var description: String {
            switch self {
            case .wait(let pause): "wait \(pause)"
            case .attempt: "attempt"
            case .reply(let index, let failed): "reply of \(index), failed: \(failed)"
            case .giveBack(let index): "give back \(index)"
            }
        }
    }

    private let settings: BreakerSettings
    private var breaker: Breaker
    private var now = dawn
    private var passes: [(number: Int, pass: Breaker.Pass)] = []
    private var attempts = 0
    // The model.
    /// Whose reply counts.
    private var heard: Set<Int> = []
    private var replies: [(slot: Int64, failed: Bool)] = []
    private var openings = 0
    private var openedAt: Instant?
    private var probes: [(number: Int, at: Instant)] = []
    private var successes = 0

    init(random: inout FastRandom) {
        settings = BreakerSettings(
            failures: 1 + random.below(5), errorRate: [0.2, 0.5, 1][random.below(3)],
            window: .seconds([6, 60][random.below(2)]), requestsMin: 1 + random.below(8),
            cooldown: .seconds(1 + random.below(10)), cooldownMax: .seconds(1 + random.below(40)),
            successes: 1 + random.below(3), probeLease: .seconds(1 + random.below(60)))
        breaker = Breaker(settings)
    }

    func step(random: inout FastRandom) -> Step {
        switch random.below(8) {
        case 0, 1: return .wait(random.pause())
        case 2, 3, 4: return .attempt
        case 5 where !passes.isEmpty && random.isOne(in: 2): return .giveBack(random.below(passes.count))
        default:
            guard !passes.isEmpty else { return .attempt }
            return .reply(random.below(passes.count), failed: random.below(5) < 3)
        }
    }

    private var cooldown: Duration {
        var cooldown = settings.cooldown
        for _ in 1..<max(openings, 1) { cooldown = min(cooldown * 2, settings.cooldownMax) }
        return cooldown
    }

    private var modelState: BreakerState {
        openedAt == nil ? .closed : probes.isEmpty ? .open : .halfOpen
    }

    private var modelRefuses: Instant? {
        guard let openedAt else { return nil }
        let ends =
            if let probe = probes.last {
                heard.contains(probe.number) ? probe.at.advanced(by: settings.probeLease) : now
            } else {
                openedAt.advanced(by: cooldown)
            }
        return ends > now ? ends : nil
    }

    mutating func play(_ step: Step) -> String? {
        switch step {
        case .wait(let pause):
            now = now.advanced(by: pause)
        case .attempt:
            guard breaker.refuses(at: now) == nil else { break }
            attempts += 1
            let pass = breaker.admit(at: now)
            passes.append((attempts, pass))
            if openedAt != nil {
                probes.append((attempts, now))
                heard = []
            }
            heard.insert(attempts)
            if pass.isProbe != (openedAt != nil) { return "a probe or not" }
        case .giveBack(let index):
            let (number, pass) = passes.remove(at: index)
            breaker.giveBack(pass)
            heard.remove(number)
        case .reply(let index, let failed):
            let (number, pass) = passes.remove(at: index)
            let state = breaker.record(failed: failed, of: pass, at: now)
            let before = modelState
            hear(number, failed: failed)
            if state != (modelState == before ? nil : modelState) {
                return "told \(String(describing: state))"
            }
        }
        if breaker.state != modelState { return "\(breaker.state) instead of \(modelState)" }
        let refuses = breaker.refuses(at: now)
        return refuses == modelRefuses
            ? nil : "refuses until \(String(describing: refuses)), not \(String(describing: modelRefuses))"
    }

    private mutating func hear(_ number: Int, failed: Bool) {
        guard heard.remove(number) != nil else { return }
        if openedAt != nil {
            successes = failed ? 0 : successes + 1
            if failed { open() } else if successes == settings.successes { close() }
            return
        }
        let width = settings.window.nanoseconds / 60
        let slot = now.nanoseconds / width
        replies.append((slot, failed))
        let recent = replies.filter { $0.slot > slot - 60 }
        let rate = Double(recent.filter(\.failed).count) / Double(recent.count)
        let row = replies.reversed().prefix(while: \.failed).count
        guard failed else { return }
        if row >= settings.failures || recent.count >= settings.requestsMin && rate >= settings.errorRate {
            open()
        }
    }

    private mutating func open() {
        openings += 1
        openedAt = now
        (probes, successes, heard) = ([], 0, [])
    }

    private mutating func close() {
        (openings, openedAt) = (0, nil)
        (probes, successes, heard, replies) = ([], 0, [], [])
    }
}
