import SignalboxCore
import Testing

@testable import SignalboxRouting

@Suite struct ProviderStandingHistoryTests {
    @Test func `it keeps its promises in any history`() {
        ProviderStandingHistory.play(seeds: 1...300, steps: 80)
    }
}

/// A standing beside lists of all attempts and all that a provider has said.
private struct ProviderStandingHistory: History {
    enum Step: CustomStringConvertible {
        case wait(Duration)
        case admit(key: Int, model: Int, tokens: Int)
        case settle(Int, AttemptEnding)
        case release(Int)
        case keyChecked(Int, CheckedKey)

        var description: String {
            switch self {
            case .wait(let pause): "wait \(pause)"
            case .admit(let key, let model, let tokens): "admit key \(key), model \(model), tokens \(tokens)"
            case .settle(let index, let ending): "settle \(index): \(ending)"
            case .release(let index): "release \(index)"
            case .keyChecked(let key, let verdict): "key \(key) checked, \(verdict)"
            }
        }
    }

    /// What was admitted and not released.
    private struct Attempt {
        let ticket: Ticket
        /// Of tokens, as far as is known.
        var counts: Int
        var isOver = false
    }

    /// Nothing is admitted with this key (nil: any) and this model (nil: any).
    private struct Ban {
        let key: Int?
        let model: Int?
        let until: Instant
        /// Of a key that is out.
        var isOut = false
    }

    static let keys = 3
    static let models = 2

    private let settings: StandingSettings
    private var standing: ProviderStanding
    private var now = dawn
    private var attempts: [Attempt] = []
    private var bans: [Ban] = []
    /// The newest word on a key's requests.
    private var told: [Int: (remaining: Int, until: Instant)] = [:]
    private var limitsTold: [Int] = []
    private var isClearedByCheck: Set<Int> = []
    /// As far as that is certain.
    private var withoutCredit: Set<Int> = []

    private var open: [Int] { attempts.indices.filter { !attempts[$0].isOver } }

    init(random: inout FastRandom) {
        func limits(_ random: inout FastRandom) -> StandingSettings.Limits {
            .init(
                requestsPerMinute: random.isOne(in: 2) ? nil : 1 + random.below(20),
                tokensPerMinute: random.isOne(in: 2) ? nil : 1 + random.below(2_000),
                concurrency: random.isOne(in: 2) ? nil : 1 + random.below(5))
        }
        settings = StandingSettings(
            limits: limits(&random), keyLimits: limits(&random),
            tokensFloor: random.isOne(in: 2) ? 0 : random.below(300),
            breaker: BreakerSettings(
                failures: 1 + random.below(5), requestsMin: 1 + random.below(10),
                cooldown: .seconds(1 + random.below(10)), cooldownMax: .seconds(60),
                successes: 1 + random.below(2), probeLease: .seconds(1 + random.below(60))),
            keyRecheck: .seconds(1 + random.below(100)))
        standing = ProviderStanding(settings)
        let keys = (0..<Self.keys).map { KeyIdentity(alias: "k\($0)", fingerprint: 0) }
        let models = (0..<Self.models).map { "m\($0)" }
        _ = standing.adopt(settings, keys: keys, models: models, at: dawn)
    }

    func step(random: inout FastRandom) -> Step {
        let open = open
        switch random.below(16) {
        case 0, 1, 2: return .wait(random.pause())
        case 3 where random.isOne(in: 2):
            return .keyChecked(random.below(Self.keys), verdict(&random))
        case 4 where !open.isEmpty: return .release(open[random.below(open.count)])
        case 5...9 where !open.isEmpty: return .settle(open[random.below(open.count)], ending(&random))
        default:
            return .admit(
                key: random.below(Self.keys), model: random.below(Self.models),
                tokens: random.isOne(in: 3) ? 0 : random.below(500))
        }
    }

    private func verdict(_ random: inout FastRandom) -> CheckedKey {
        if random.isOne(in: 2) { return .good(isGoodForAnswers: random.isOne(in: 2)) }
        return .out(random.isOne(in: 2) ? .keyRejected : .noCredit)
    }

    private func ending(_ random: inout FastRandom) -> AttemptEnding {
        func notice(_ random: inout FastRandom) -> LimitNotice? {
            guard random.isOne(in: 6) else { return nil }
            return LimitNotice(
                limit: random.isOne(in: 2) ? nil : 1 + random.below(30),
                remaining: random.isOne(in: 4) ? nil : random.below(12) * random.below(40),
                resetsIn: random.isOne(in: 4) ? nil : random.pause())
        }
        let kinds = FailureKind.all + [.overloaded, .unreachable, .rateLimited]
        return AttemptEnding(
            failure: random.isOne(in: 2) ? nil : kinds[random.below(kinds.count)],
            retryAfter: random.isOne(in: 2) ? nil : random.pause(), limitIsPerModel: random.isOne(in: 4),
            tokensUsed: random.isOne(in: 2) ? nil : random.below(800),
            latency: .milliseconds(random.below(3_000)), requestLimit: notice(&random),
            tokenLimit: notice(&random))
    }

    mutating func play(_ step: Step) -> String? {
        var broken: String?
        switch step {
        case .wait(let pause):
            now = now.advanced(by: pause)
        case .admit(let key, let model, let tokens):
            broken = admit(key, model, tokens)
        case .settle(let index, let ending):
            settle(index, ending)
        case .release(let index):
            standing.release(attempts[index].ticket, at: now)
            attempts.remove(at: index)
        case .keyChecked(let key, let verdict):
            _ = standing.keyChecked(key, verdict, at: now)
            check(key, verdict)
        }
        return broken ?? look()
    }

    private mutating func check(_ key: Int, _ verdict: CheckedKey) {
        switch verdict {
        case .good(let isGoodForAnswers):
            if isGoodForAnswers { withoutCredit.remove(key) }
            guard !withoutCredit.contains(key) else { return }
            bans.removeAll { $0.isOut && $0.key == key }
            isClearedByCheck.insert(key)
        case .out(let reason):
            if reason == .noCredit { withoutCredit.remove(key) }
            ban(key, nil, settings.keyRecheck, isOut: true)
        }
    }

    private mutating func admit(_ key: Int, _ model: Int, _ tokens: Int) -> String? {
        let outlook = standing.peek(key: key, model: model, tokens: tokens, at: now)
        switch standing.admit(key: key, model: model, tokens: tokens, at: now) {
        case .open(let ticket):
            let broken = objection(to: ticket)
            if let left = told[key]?.remaining { told[key]?.remaining = left - 1 }
            if ticket.trials.key != .none { isClearedByCheck.remove(key) }
            attempts.append(Attempt(ticket: ticket, counts: tokens))
            return broken ?? overflow(key: nil, settings.limits) ?? overflow(key: key, settings.keyLimits)
                ?? (outlook == .open ? nil : "admitted in spite of \(outlook)")
        case .busy:
            let all = open.map { attempts[$0].ticket.key }
            let isFull =
                all.count >= settings.limits.concurrency ?? .max
                || all.filter { $0 == key }.count >= settings.keyLimits.concurrency ?? .max
            return isFull ? nil : "busy with \(all.count) in flight"
        case .limited(let wait), .resting(let wait):
            return untimely(wait, key, model, tokens)
        case .out(.tooLarge):
            let limits = [settings.limits.tokensPerMinute, settings.keyLimits.tokensPerMinute]
            let isLarger = (limits.compactMap(\.self) + limitsTold).contains { $0 < tokens }
            return isLarger ? nil : "\(tokens) tokens are not too large"
        case .out(let reason):
            return outlook == .out(reason) ? nil : "out after \(outlook)"
        }
    }

    /// What speaks against this admission.
    private func objection(to ticket: Ticket) -> String? {
        for ban in bans where now < ban.until {
            if ban.key ?? ticket.key == ticket.key, ban.model ?? ticket.model == ticket.model {
                return "admitted before \(ban)"
            }
        }
        if let told = told[ticket.key], now < told.until, told.remaining < 1 {
            return "admitted although the provider said that nothing is left"
        }
        let all = open.map { attempts[$0].ticket }
        let ofKey = all.filter { $0.key == ticket.key }
        if all.count >= settings.limits.concurrency ?? .max { return "more in flight than allowed" }
        if ofKey.count >= settings.keyLimits.concurrency ?? .max { return "more of a key than allowed" }
        let isLive = { (probe: Ticket) in
            now < probe.admittedAt.advanced(by: settings.breaker.probeLease)
        }
        if all.contains(where: { $0.isProviderProbe && isLive($0) }) { return "admitted beside a probe" }
        if ofKey.contains(where: { $0.isKeyProbe && isLive($0) }) { return "admitted beside a key's probe" }
        let isTried = ofKey.contains { $0.trials.key != .none && isLive($0) }
        return isTried && !isClearedByCheck.contains(ticket.key) ? "admitted beside a key's trial" : nil
    }

    /// Whether more was admitted within the last 60 seconds than a limit allows.
    private func overflow(key: Int?, _ limits: StandingSettings.Limits) -> String? {
        let minute = attempts.filter {
            $0.ticket.admittedAt.duration(to: now) < .seconds(60) && key ?? $0.ticket.key == $0.ticket.key
        }
        if minute.count > limits.requestsPerMinute ?? .max { return "\(minute.count) requests in a minute" }
        let tokens = minute.reduce(0) { $0 + $1.counts }
        return tokens > limits.tokensPerMinute ?? .max ? "\(tokens) tokens in a minute" : nil
    }

    /// Whether a wait that was told is too long or too short.
    private func untimely(_ wait: Duration, _ key: Int, _ model: Int, _ tokens: Int) -> String? {
        var future = standing
        let early = now.advanced(by: wait - .nanoseconds(1))
        switch future.peek(key: key, model: model, tokens: tokens, at: early) {
        case .limited(let rest), .resting(let rest):
            guard rest == .nanoseconds(1) else { return "\(rest) left of \(wait) when it was nearly over" }
        case .open, .busy, .out: return "a wait of \(wait) is too long"
        }
        switch future.peek(key: key, model: model, tokens: tokens, at: now.advanced(by: wait)) {
        case .open, .busy: return nil
        case .limited, .resting, .out: return "a wait of \(wait) is too short"
        }
    }

    private mutating func ban(_ key: Int?, _ model: Int?, _ duration: Duration, isOut: Bool = false) {
        bans.append(Ban(key: key, model: model, until: now.advanced(by: duration), isOut: isOut))
    }

    private mutating func settle(_ index: Int, _ ending: AttemptEnding) {
        let ticket = attempts[index].ticket
        _ = standing.settle(ticket, ending, at: now)
        attempts[index].counts = ending.tokensUsed ?? attempts[index].counts
        attempts[index].isOver = true
        let model = ending.limitIsPerModel ? ticket.model : nil
        if ending.failure == .noCredit { withoutCredit.insert(ticket.key) }
        if ending.failure == nil, ticket.trials.key != .none { withoutCredit.remove(ticket.key) }
        switch ending.failure {
        case .rateLimited:
            // Without a word of the provider's it is a second at least.
            let exhausted = [ending.requestLimit, ending.tokenLimit].filter { $0?.remaining == 0 }
            let asked = ending.retryAfter ?? exhausted.compactMap { $0?.resetsIn }.max() ?? .zero
            ban(ticket.key, model, asked > .zero ? min(asked, .seconds(86_400)) : .seconds(1))
        case .keyRejected, .noCredit: ban(ticket.key, nil, settings.keyRecheck, isOut: true)
        case .accessMissing: ban(ticket.key, ticket.model, settings.keyRecheck)
        case .modelNotFound: ban(nil, ticket.model, settings.keyRecheck)
        default: break
        }
        if let notice = believed(ending.requestLimit, ending) { heed(notice, of: ticket, model: model) }
        guard let notice = believed(ending.tokenLimit, ending) else { return }
        if model == nil, let limit = notice.limit { limitsTold.append(limit) }
        let floor = max(settings.tokensFloor, model == nil ? 0 : 1)
        if let remaining = notice.remaining, remaining < floor, floor != 1 || model != nil {
            ban(ticket.key, model, notice.resetsIn ?? .seconds(60))
        }
    }

    /// What is used up is back after the Retry-After, if that is sooner than the reset.
    private func believed(_ notice: LimitNotice?, _ ending: AttemptEnding) -> LimitNotice? {
        guard var notice, ending.failure == .rateLimited, notice.remaining == 0 else { return notice }
        let asked = ending.retryAfter.flatMap { $0 > .zero ? $0 : nil }
        notice.resetsIn = [notice.resetsIn, asked].compactMap(\.self).min()
        return notice
    }

    private mutating func heed(_ notice: LimitNotice, of ticket: Ticket, model: Int?) {
        let reset = notice.resetsIn ?? .seconds(60)
        if model != nil {
            if notice.remaining == 0 { ban(ticket.key, model, reset) }
        } else if let remaining = notice.remaining {
            told[ticket.key] = (remaining, now.advanced(by: reset))
        } else if notice.limit != nil, settings.keyLimits.requestsPerMinute == nil {
            told[ticket.key] = nil
        }
    }

    /// What must be true at any time.
    private mutating func look() -> String? {
        let flights = open.map { attempts[$0].ticket.key }
        let status = standing.status(at: now)
        let view = standing.view(tokens: 0, at: now)
        guard status.inFlight == flights.count, view.inFlight == flights.count else { return "in flight" }
        for (key, status) in status.keys.enumerated() {
            guard status.inFlight == flights.filter({ $0 == key }).count else { return "in flight of \(key)" }
        }
        let shares = [view.headroom, status.headroom] + status.keys.map(\.headroom)
        return shares.allSatisfy { 0...1 ~= $0 } ? nil : "headrooms \(shares)"
    }

    /// Nothing is in flight once all is settled, and nothing that has happened blocks anything for ever.
    mutating func end() -> String? {
        for index in open { settle(index, AttemptEnding(failure: .cancelled)) }
        if let broken = look() { return broken }
        now = now.advanced(by: .seconds(90_000))
        for (key, model) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)] {
            let admission = standing.admit(key: key, model: model, tokens: 0, at: now)
            guard case .open(let ticket) = admission else { return "after a day: \(admission)" }
            _ = standing.settle(ticket, AttemptEnding(), at: now)
            now = now.advanced(by: .seconds(100))
        }
        return nil
    }
}
