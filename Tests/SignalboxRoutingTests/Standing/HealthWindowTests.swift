import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct HealthWindowTests {
    private func window(
        failures: Int, of replies: Int, at now: Instant = dawn, latency: Duration = .seconds(1)
    ) -> HealthWindow {
        var window = HealthWindow()
        for index in 0..<replies {
            if index < failures {
                window.recordFailure(at: now)
            } else {
                window.recordAnswer(latency: latency, at: now)
            }
        }
        return window
    }

    @Test(arguments: [
        (0, 100, Health.healthy), (29, 100, .healthy), (30, 100, .degraded), (59, 100, .degraded),
        (60, 100, .unhealthy), (5, 5, .unhealthy), (4, 4, .healthy), (0, 0, .healthy),
    ])
    func `its share of failures says how healthy it is, once five replies were seen`(
        failures: Int, replies: Int, health: Health
    ) {
        var window = window(failures: failures, of: replies)
        #expect(window.health(at: dawn) == health)
    }

    @Test func `what is over a minute old no longer counts`() {
        var window = window(failures: 10, of: 10)
        #expect(window.health(at: after(.seconds(59))) == .unhealthy)
        #expect(window.health(at: after(.seconds(60))) == .healthy)
    }

    @Test(arguments: [(2_000, Health.healthy), (2_001, .degraded)])
    func `answers that take over twice as long as before degrade it`(milliseconds: Int, health: Health) {
        var window = window(failures: 0, of: 50)
        for _ in 0..<10 { window.recordAnswer(latency: .milliseconds(milliseconds), at: dawn) }
        #expect(window.health(at: dawn) == health)
    }

    @Test(arguments: [(49, Health.healthy), (51, .degraded)])
    func `what takes milliseconds is not slow for taking some more`(milliseconds: Int, health: Health) {
        var window = HealthWindow()
        for _ in 0..<50 { window.recordAnswer(latency: .milliseconds(1), at: dawn) }
        for _ in 0..<10 { window.recordAnswer(latency: .milliseconds(milliseconds), at: dawn) }
        #expect(window.health(at: dawn) == health)
    }

    @Test func `slow answers say nothing before there are twenty`() {
        var window = window(failures: 0, of: 9)
        for count in 10...30 {
            window.recordAnswer(latency: .seconds(9), at: dawn)
            #expect(window.health(at: dawn) == (20...25 ~= count ? .degraded : .healthy), "\(count) answers")
        }
    }

    @Test func `a provider that stays slow is the new normal after a hundred answers`() {
        var window = window(failures: 0, of: 100)
        var healths: [Health] = []
        for _ in 0..<100 {
            window.recordAnswer(latency: .seconds(3), at: dawn)
            healths.append(window.health(at: dawn))
        }
        #expect(healths[9] == .degraded)
        #expect(healths[99] == .healthy)
    }

    @Test func `the mean leans towards the newest answers, and is unknown before the first`() {
        var window = HealthWindow()
        #expect(window.latencyMean == nil)
        window.recordFailure(at: dawn)
        #expect(window.latencyMean == nil)
        window.recordAnswer(latency: .milliseconds(800), at: dawn)
        #expect(window.latencyMean == .milliseconds(800))
        window.recordAnswer(latency: .milliseconds(1_600), at: dawn)
        #expect(window.latencyMean == .milliseconds(900))
    }

    @Test func `it does as its model does, in any history`() {
        HealthHistory.play(seeds: 1...100, steps: 150)
    }
}

/// A window beside lists of all replies and all latencies.
private struct HealthHistory: History {
    enum Step: CustomStringConvertible {
        case wait(Duration)
        case fail
        case answer(Duration)

        var description: String {
            switch self {
            case .wait(let pause): "wait \(pause)"
            case .fail: "fail"
            case .answer(let latency): "answer after \(latency)"
            }
        }
    }

    private var window = HealthWindow()
    private var now = dawn
    private var replies: [(second: Int64, failed: Bool)] = []
    private var latencies: [Int] = []
    private let failuresOf: Int

    init(random: inout FastRandom) {
        failuresOf = 1 + random.below(10)
    }

    func step(random: inout FastRandom) -> Step {
        if random.isOne(in: 6) { return .wait(random.pause()) }
        if random.below(10) >= failuresOf { return .fail }
        return .answer(.milliseconds(100 + random.below(latencies.count % 40 < 20 ? 100 : 600)))
    }

    private var modelHealth: Health {
        let recent = replies.filter { $0.second > now.nanoseconds / 1_000_000_000 - 60 }
        let failed = recent.filter(\.failed).count
        if recent.count < 5 { return .healthy }
        if failed * 10 >= recent.count * 6 { return .unhealthy }
        if failed * 10 >= recent.count * 3 { return .degraded }
        let newest = latencies.suffix(10)
        let earlier = latencies.suffix(100).dropLast(10)
        guard latencies.count >= 20 else { return .healthy }
        let (sum, past) = (newest.reduce(0, +), earlier.reduce(0, +))
        let isSlow =
            sum * earlier.count > 2 * past * newest.count
            && sum / newest.count - past / earlier.count >= 50_000_000
        return isSlow ? .degraded : .healthy
    }

    mutating func play(_ step: Step) -> String? {
        switch step {
        case .wait(let pause):
            now = now.advanced(by: pause)
        case .fail:
            window.recordFailure(at: now)
            replies.append((now.nanoseconds / 1_000_000_000, true))
        case .answer(let latency):
            window.recordAnswer(latency: latency, at: now)
            replies.append((now.nanoseconds / 1_000_000_000, false))
            latencies.append(Int(latency.nanoseconds))
        }
        let health = window.health(at: now)
        return health == modelHealth ? nil : "\(health) instead of \(modelHealth)"
    }
}
