import SignalboxCore
import SignalboxRouting

/// One provider with limits of every kind: what an attempt costs, and a look at it. Bounds that we hold
/// ourselves to: 150 ns for an admission with its settlement, 50 ns for a view of one key.
func measureStanding() {
    let limits = StandingSettings.Limits(
        requestsPerMinute: 1 << 40, tokensPerMinute: 1 << 50, concurrency: 1_000)
    let settings = StandingSettings(limits: limits, keyLimits: limits)
    for count in [1, 8] {
        var standing = ProviderStanding(settings)
        // A millisecond between two attempts, so that slots come and go.
        var now = Instant(nanoseconds: 1_000_000_000)
        let keys = (0..<count).map { KeyIdentity(alias: "k-\($0)", fingerprint: UInt64($0)) }
        let places = standing.adopt(settings, keys: keys, models: ["m"], at: now)
        let ending = AttemptEnding(tokensUsed: 900, latency: .milliseconds(300))
        let noticed = AttemptEnding(
            tokensUsed: 900, latency: .milliseconds(300),
            requestLimit: LimitNotice(limit: 60_000, remaining: 59_000, resetsIn: .milliseconds(900)),
            tokenLimit: LimitNotice(limit: 600_000_000, remaining: 500_000_000, resetsIn: .seconds(6)))
        let attempt = { (ending: AttemptEnding) -> Int in
            now.nanoseconds += 1_000_000
            let admission = standing.admit(
                key: places.keys[0], model: places.models[0], tokens: 1_000, at: now)
            guard case .open(let ticket) = admission else { return -1 }
            return standing.settle(ticket, ending, at: now).count
        }
        measure("standing of \(count) keys, admit and settle", bytes: 1) { attempt(ending) }
        measure("standing of \(count) keys, with headers", bytes: 1) { attempt(noticed) }
        measure("standing of \(count) keys, peek", bytes: 1) {
            now.nanoseconds += 1_000
            return standing.peek(key: 0, model: 0, tokens: 1_000, at: now) == .open ? 1 : 0
        }
        measure("standing of \(count) keys, view", bytes: 1) {
            now.nanoseconds += 1_000
            return standing.view(tokens: 1_000, at: now).inFlight
        }
    }
}
