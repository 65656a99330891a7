import Glibc
import SignalboxCore
import SignalboxRouting

/// What a provider does with attempts: counts them in its own minutes, key by key, and answers, refuses or
/// fails.
struct ProviderModel {
    private struct Minute {
        var begins: Int64
        var requests = 0
        var tokens = 0
    }

    struct Reply {
        var duration: Duration
        var ending: AttemptEnding
    }

    private static let minute: Int64 = 60_000_000_000
    let provider: SimulatedProvider
    private var minutes: [Minute]
    private var random: FastRandom

    init(_ provider: SimulatedProvider, random: inout FastRandom) {
        self.provider = provider
        self.random = FastRandom(seed: random.next())
        minutes = []
        for _ in 0..<provider.keys {
            // A vendor's minutes begin when they like.
            minutes.append(Minute(begins: -Int64.random(in: 0..<Self.minute, using: &random)))
        }
    }

    /// - Parameter elapsed: since the simulation began.
    mutating func reply(key: Int, tokens: Int, elapsed: Duration) -> Reply {
        if let outage = provider.outages.first(where: { $0.begins <= elapsed && elapsed < $0.ends }) {
            return Reply(
                duration: outage.after, ending: AttemptEnding(failure: outage.failure, tokensUsed: 0))
        }
        let nanoseconds = elapsed.nanoseconds
        if nanoseconds - minutes[key].begins >= Self.minute {
            let passed = (nanoseconds - minutes[key].begins) / Self.minute
            minutes[key] = Minute(begins: minutes[key].begins + passed * Self.minute)
        }
        guard
            minutes[key].requests < provider.requestsPerMinute,
            minutes[key].tokens + tokens <= provider.tokensPerMinute
        else { return refusal(key, at: nanoseconds) }
        minutes[key].requests += 1
        minutes[key].tokens += tokens
        let duration = latency()
        guard unit() >= provider.errorRate else {
            return Reply(
                duration: duration, ending: AttemptEnding(failure: .overloaded, tokensUsed: 0))
        }
        var ending = AttemptEnding(tokensUsed: tokens, latency: duration)
        tell(&ending, key, at: nanoseconds)
        return Reply(duration: duration, ending: ending)
    }

    private func refusal(_ key: Int, at nanoseconds: Int64) -> Reply {
        var ending = AttemptEnding(failure: .rateLimited, tokensUsed: 0)
        let rest = Duration.nanoseconds(minutes[key].begins + Self.minute - nanoseconds)
        switch provider.candour {
        case .configured, .told, .hidden(saysRetryAfter: true):
            // In whole seconds, as the field is written.
            ending.retryAfter = .seconds(rest.millisecondsRoundedUp / 1_000 + 1)
        case .hidden(saysRetryAfter: false): break
        }
        tell(&ending, key, at: nanoseconds)
        return Reply(duration: .milliseconds(40), ending: ending)
    }

    private func tell(_ ending: inout AttemptEnding, _ key: Int, at nanoseconds: Int64) {
        guard case .told = provider.candour else { return }
        let rest = Duration.nanoseconds(minutes[key].begins + Self.minute - nanoseconds)
        ending.requestLimit = LimitNotice(
            limit: provider.requestsPerMinute,
            remaining: provider.requestsPerMinute - minutes[key].requests, resetsIn: rest)
        ending.tokenLimit = LimitNotice(
            limit: provider.tokensPerMinute,
            remaining: max(0, provider.tokensPerMinute - minutes[key].tokens),
            resetsIn: rest)
    }

    /// Log-normal, by the Box-Muller transform.
    private mutating func latency() -> Duration {
        let normal = sqrt(-2 * log(1 - unit())) * cos(2 * .pi * unit())
        let seconds = Double(provider.latency.nanoseconds) / 1e9 * exp(provider.spread * normal)
        return .nanoseconds(Int64(min(seconds, 60) * 1e9))
    }

    private mutating func unit() -> Double {
        Double.random(in: 0..<1, using: &random)
    }
}
