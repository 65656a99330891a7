import SignalboxCore
import SignalboxRouting
import Testing

/// Always the same number: the middle of every jittered range, near enough.
private struct FixedGenerator: RandomNumberGenerator {
    mutating func next() -> UInt64 { UInt64.max / 2 }
}

@Suite struct AttemptPlanTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    /// Two models with two keys each at provider 0; one of each at provider 1.
    private static let table = CandidateTable([
        .init(
            provider: 0, name: "groq", models: [.init(name: "a"), .init(name: "b")],
            keys: ["groq-0", "groq-1"]),
        .init(provider: 1, name: "gemini", models: [.init(name: "c")], keys: ["gemini-0"]),
    ])

    private func plan(
        _ table: CandidateTable = table, seconds: Int = 60, limits: AttemptPlan.Limits = .init()
    ) -> AttemptPlan {
        AttemptPlan(table, deadline: Deadline(at: start.advanced(by: .seconds(seconds))), limits: limits)
    }

    /// Plays the failures and tells each step as `model/key reason`, or how it ended.
    private func story(
        _ kinds: [FailureKind], on plan: AttemptPlan, out: Set<Candidate> = []
    ) -> [String] {
        var plan = plan
        var random = FixedGenerator()
        var failures: [UpstreamFailure?] = [nil]
        failures += kinds.map { UpstreamFailure($0, message: "") }
        return failures.map { failure in
            let step = plan.next(after: failure, at: start, random: &random) {
                out.contains($0) ? .out : .open
            }
            switch step {
            case .attempt(let candidate, let reason, _):
                return "\(plan.table.model(of: candidate).name)/\(candidate.key) \(reason.rawValue)"
            case .wait(let shortage): return "wait \(shortage.providers)"
            case .returnToCaller(let failure): return "return \(failure.kind.label)"
            case .stop(let failure): return "stop \(failure.kind.label)"
            case .giveUp(let exhaustion): return "give up \(exhaustion.reason.rawValue) \(exhaustion.status)"
            }
        }
    }

    @Test func `a connection failure is retried once at once, then the provider is left`() {
        #expect(
            story([.unreachable, .unreachable, .unreachable, .unreachable], on: plan())
                == ["a/0 first", "a/0 retry", "c/0 next_provider", "c/0 retry", "give up candidates 503"])
    }

    @Test func `an overloaded provider is asked again after a pause, then left`() {
        var plan = plan()
        var random = FixedGenerator()
        _ = plan.next(after: nil, at: start, random: &random)
        let failure = UpstreamFailure(.overloaded, message: "", retryAfter: .milliseconds(900))
        let again = plan.next(after: failure, at: start, random: &random)
        #expect(
            again
                == .attempt(Candidate(target: 0, model: 0, key: 0), reason: .retry, after: .milliseconds(900))
        )
        let left = plan.next(after: failure, at: start, random: &random)
        #expect(left == .attempt(Candidate(target: 1, model: 0, key: 0), reason: .nextProvider, after: .zero))
    }

    @Test(arguments: 1...50) func `the pause before an overloaded provider lies in its range`(seed: UInt64) {
        var plan = plan()
        var random = SystemRandomNumberGenerator()
        _ = plan.next(after: nil, at: start, random: &random)
        let step = plan.next(after: UpstreamFailure(.overloaded, message: ""), at: start, random: &random)
        guard case .attempt(_, .retry, let pause) = step else {
            Issue.record("expected a retry, seed \(seed)")
            return
        }
        #expect(pause >= .milliseconds(100) && pause <= .milliseconds(300))
    }

    @Test
    func `a provider that wants a longer pause than allowed, or than the deadline allows, is left at once`() {
        for (wait, seconds) in [(Duration.seconds(3), 60), (.seconds(2), 1)] {
            var plan = plan(seconds: seconds)
            var random = FixedGenerator()
            _ = plan.next(after: nil, at: start, random: &random)
            let failure = UpstreamFailure(.overloaded, message: "", retryAfter: wait)
            let step = plan.next(after: failure, at: start, random: &random)
            #expect(
                step == .attempt(Candidate(target: 1, model: 0, key: 0), reason: .nextProvider, after: .zero))
        }
    }

    @Test(arguments: [.timeout(.connect), .timeout(.total), .malformedReply] as [FailureKind])
    func `a timeout or a foreign answer moves to the next provider`(kind: FailureKind) {
        #expect(story([kind], on: plan()) == ["a/0 first", "c/0 next_provider"])
    }

    @Test func `a rate limit moves to the next key, then model, then provider`() {
        #expect(
            story(Array(repeating: .rateLimited, count: 5), on: plan())
                == [
                    "a/0 first", "a/1 next_key", "b/0 next_model", "b/1 next_key", "c/0 next_provider",
                    "give up candidates 429",
                ])
    }

    @Test(arguments: [.keyRejected, .noCredit] as [FailureKind])
    func `a bad or empty key is out for every model of its provider`(kind: FailureKind) {
        #expect(
            story([kind, .modelNotFound, .rateLimited, .rateLimited], on: plan())
                == [
                    "a/0 first", "a/1 next_key", "b/1 next_model", "c/0 next_provider",
                    "give up candidates 502",
                ])
    }

    @Test func `missing access moves to the next key, and the key stays good for other models`() {
        #expect(
            story([.accessMissing, .accessMissing], on: plan())
                == ["a/0 first", "a/1 next_key", "b/0 next_model"])
    }

    @Test func `an unknown model moves to the next model, with its first key`() {
        #expect(
            story([.modelNotFound, .modelNotFound, .modelNotFound], on: plan())
                == ["a/0 first", "b/0 next_model", "c/0 next_provider", "give up candidates 502"])
    }

    @Test(arguments: [.contentFiltered, .invalidRequest, .contextTooLong] as [FailureKind])
    func `an error of the request goes back to the caller`(kind: FailureKind) {
        #expect(story([kind], on: plan()) == ["a/0 first", "return \(kind.label)"])
    }

    @Test func `a caller that left stops everything`() {
        #expect(story([.cancelled], on: plan()) == ["a/0 first", "stop cancelled"])
    }

    @Test func `an answer that broke off unseen is asked of the next provider`() {
        #expect(
            story([.interrupted, .interrupted], on: plan())
                == ["a/0 first", "c/0 next_provider", "give up candidates 502"])
    }

    @Test func `a context that is too long goes to a larger window, or back to the caller`() {
        let table = CandidateTable([
            .init(
                provider: 0, name: "p",
                models: [.init(name: "mid", contextWindow: 8), .init(name: "small", contextWindow: 4)],
                keys: ["k"]),
            .init(
                provider: 1, name: "q",
                models: [.init(name: "unknown"), .init(name: "big", contextWindow: 16)],
                keys: ["k"]),
        ])
        #expect(
            story([.contextTooLong, .contextTooLong], on: plan(table))
                == ["mid/0 first", "big/0 next_provider", "return context_too_long"])
    }

    @Test func `a provider that was left is not met again under another target`() {
        let target = CandidateTable.Target(provider: 0, name: "p", models: [.init(name: "a")], keys: ["k"])
        var again = target
        again.models = [.init(name: "b")]
        let table = CandidateTable([target, again])
        #expect(story([.timeout(.total)], on: plan(table)) == ["a/0 first", "give up candidates 504"])
        #expect(story([.keyRejected], on: plan(table)) == ["a/0 first", "give up candidates 502"])
        #expect(story([.rateLimited], on: plan(table)) == ["a/0 first", "b/0 next_model"])
    }

    @Test func `candidates that rest are passed over`() {
        let out: Set = [Candidate(target: 0, model: 0, key: 0), Candidate(target: 0, model: 1, key: 0)]
        #expect(story([.rateLimited], on: plan(), out: out) == ["a/1 first", "b/1 next_model"])
    }

    @Test func `the attempt budget spans the whole request`() {
        let limits = AttemptPlan.Limits(attemptsMax: 2)
        #expect(
            story([.unreachable, .unreachable], on: plan(limits: limits))
                == ["a/0 first", "a/0 retry", "give up attempts 503"])
        #expect(
            story([.rateLimited, .unreachable], on: plan(limits: limits))
                == ["a/0 first", "a/1 next_key", "give up attempts 503"])
    }

    @Test func `no candidate is tried once the deadline has passed, or with too little time left`() {
        #expect(story([], on: plan(seconds: 0)) == ["give up deadline 504"])
        let limits = AttemptPlan.Limits(attemptTimeMin: .seconds(2))
        #expect(story([], on: plan(seconds: 1, limits: limits)) == ["give up deadline 504"])
        #expect(story([], on: plan(seconds: 2, limits: limits)) == ["a/0 first"])
    }

    @Test func `without any candidate nothing is tried`() {
        #expect(story([], on: plan(CandidateTable([]))) == ["give up candidates 503"])
    }

    @Test func `the shortest wait is passed on, from candidates that were limited before the request too`() {
        var plan = plan()
        var random = FixedGenerator()
        let step = plan.next(after: nil, at: start, random: &random) { candidate in
            .resting(for: .seconds(10 - candidate.target - candidate.model))
        }
        guard case .giveUp(let exhaustion) = step else {
            Issue.record("nothing should have been tried")
            return
        }
        #expect(exhaustion.status == 429)
        #expect(exhaustion.retryAfter == .seconds(9))
        #expect(exhaustion.attempts == 0)
    }

    @Test(
        arguments: [
            ([.timeout(.idle)], 504), ([.unreachable], 503), ([.rateLimited, .timeout(.total)], 503),
            ([.rateLimited, .malformedReply], 502), ([.keyRejected, .timeout(.total)], 502),
        ] as [([FailureKind], Int)]) func `the status tells the caller whether waiting helps`(
            kinds: [FailureKind], status: Int
        )
    {
        let limits = AttemptPlan.Limits(attemptsMax: kinds.count)
        #expect(story(kinds, on: plan(limits: limits)).last?.hasSuffix("\(status)") == true)
    }
}
