import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct AttemptPlanWaitTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    /// Two keys at provider 0, one at provider 1.
    private let table = CandidateTable([
        .init(provider: 0, name: "groq", models: [.init(name: "a", contextWindow: 100)], keys: ["k0", "k1"]),
        .init(provider: 1, name: "gemini", models: [.init(name: "b", contextWindow: 200)], keys: ["k0"]),
    ])
    private let first = Candidate(target: 0, model: 0, key: 0)
    private let second = Candidate(target: 0, model: 0, key: 1)
    private let other = Candidate(target: 1, model: 0, key: 0)

    private func plan(
        _ limits: AttemptPlan.Limits = .init(), order: [Int]? = nil, tokensMin: Int = 0
    ) -> AttemptPlan {
        AttemptPlan(
            table, deadline: Deadline(at: start.advanced(by: .seconds(60))), limits: limits, order: order,
            tokensMin: tokensMin)
    }

    private func begin(
        _ plan: inout AttemptPlan, _ known: [Candidate: AttemptPlan.Availability]
    ) -> AttemptPlan.Step {
        go(on: &plan, after: nil, known)
    }

    private func go(
        on plan: inout AttemptPlan, after failure: UpstreamFailure?,
        _ known: [Candidate: AttemptPlan.Availability] = [:]
    ) -> AttemptPlan.Step {
        var random = FastRandom(seed: 1)
        return plan.next(after: failure, at: start, random: &random) { known[$0] ?? .open }
    }

    // MARK: Order

    @Test func `targets are tried in the order that was decided`() {
        var plan = plan(order: [1, 0])
        #expect(begin(&plan, [:]) == .attempt(other, reason: .first, after: .zero))
        let next = go(on: &plan, after: UpstreamFailure(.timeout(.total), message: ""))
        #expect(next == .attempt(first, reason: .nextProvider, after: .zero))
        guard case .giveUp = go(on: &plan, after: UpstreamFailure(.malformedReply, message: "")) else {
            Issue.record("nobody is left")
            return
        }
    }

    @Test func `a target that the order leaves out is not tried`() {
        var plan = plan(order: [1])
        _ = begin(&plan, [:])
        guard case .giveUp = go(on: &plan, after: UpstreamFailure(.timeout(.total), message: "")) else {
            Issue.record("nobody is left")
            return
        }
    }

    // MARK: Windows

    @Test func `a model whose window is known to be too small is not tried`() {
        var plan = plan(tokensMin: 150)
        #expect(begin(&plan, [:]) == .attempt(other, reason: .first, after: .zero))
    }

    @Test func `a request that no window can hold is refused before any call`() {
        var plan = plan(tokensMin: 201)
        guard case .returnToCaller(let failure) = begin(&plan, [:]) else {
            Issue.record("nothing should have been tried")
            return
        }
        #expect(failure.kind == .contextTooLong)
        #expect(failure.code == "context_length_exceeded")
        #expect(plan.attempts == 0)
    }

    // MARK: The preferred provider

    private let patient = AttemptPlan.Limits(waitForPreferred: .seconds(2))

    @Test func `a key that rests for a little while is waited for when no other key will do`() {
        var plan = plan(patient)
        let known: [Candidate: AttemptPlan.Availability] = [
            first: .resting(for: .seconds(2)), second: .resting(for: .seconds(1)),
        ]
        #expect(begin(&plan, known) == .attempt(second, reason: .first, after: .seconds(1)))
        #expect(plan.attempts == 1)
    }

    @Test func `another key is better than waiting`() {
        var plan = plan(patient)
        let step = begin(&plan, [first: .resting(for: .milliseconds(10))])
        #expect(step == .attempt(second, reason: .first, after: .zero))
    }

    @Test func `a short Retry-After is waited out, once, then the provider is left`() {
        var plan = plan(patient)
        _ = begin(&plan, [second: .out])
        let limited = UpstreamFailure(.rateLimited, message: "", retryAfter: .seconds(2))
        let again = go(on: &plan, after: limited, [second: .out])
        #expect(again == .attempt(first, reason: .retry, after: .seconds(2)))
        let left = go(on: &plan, after: limited, [second: .out])
        #expect(left == .attempt(other, reason: .nextProvider, after: .zero))
    }

    @Test func `a longer rest is not waited for`() {
        var plan = plan(patient)
        let known: [Candidate: AttemptPlan.Availability] = [
            first: .resting(for: .seconds(3)), second: .resting(for: .seconds(3)),
        ]
        #expect(begin(&plan, known) == .attempt(other, reason: .first, after: .zero))
    }

    @Test func `only the preferred provider is waited for`() {
        var plan = plan(patient)
        let step = begin(&plan, [first: .out, second: .out, other: .resting(for: .seconds(1))])
        guard case .giveUp(let exhaustion) = step else {
            Issue.record("it should have given up")
            return
        }
        #expect(exhaustion.status == 429)
    }

    @Test func `a candidate that is not to be had after its pause is left, and the attempt is not counted`() {
        var plan = plan(patient)
        let known: [Candidate: AttemptPlan.Availability] = [
            first: .resting(for: .seconds(1)), second: .resting(for: .seconds(1)),
        ]
        _ = begin(&plan, known)
        #expect(plan.refused(at: start) == .attempt(other, reason: .nextProvider, after: .zero))
        #expect(plan.attempts == 1)
    }

    // MARK: In line

    @Test func `when all that is left are limits of ours, the request waits in line`() {
        var plan = plan()
        let known: [Candidate: AttemptPlan.Availability] = [
            first: .busy, second: .limited(for: .seconds(4)), other: .limited(for: .seconds(3)),
        ]
        let shortage = AttemptPlan.Shortage(providers: [0, 1], shortest: .seconds(3))
        #expect(begin(&plan, known) == .wait(shortage))
        let still = plan.resume(at: start) { known[$0] ?? .open }
        #expect(still == .wait(shortage))
        let turn = plan.resume(at: start) { $0 == self.second ? .open : .busy }
        #expect(turn == .attempt(second, reason: .first, after: .zero))
    }

    @Test func `one that rests or is broken is not stood in line for, but tried again when there is a turn`()
    {
        var plan = plan()
        let step = begin(&plan, [first: .resting(for: .seconds(9)), second: .broken, other: .busy])
        #expect(step == .wait(AttemptPlan.Shortage(providers: [1], shortest: nil)))
        let turn = plan.resume(at: start) { $0 == self.first ? .open : .busy }
        #expect(turn == .attempt(first, reason: .first, after: .zero))
    }

    @Test func `after a failure elsewhere, the busy ones are stood in line for`() {
        var plan = plan()
        _ = begin(&plan, [first: .busy, second: .busy])
        let step = go(on: &plan, after: UpstreamFailure(.timeout(.total), message: ""))
        #expect(step == .wait(AttemptPlan.Shortage(providers: [0], shortest: nil)))
    }

    @Test func `a full line means 503 where places are missing, and 429 where a window is full`() {
        for (availability, status) in [
            (AttemptPlan.Availability.busy, 503), (.limited(for: .seconds(7)), 429),
        ] {
            var plan = plan()
            _ = begin(&plan, [first: availability, second: availability, other: availability])
            guard case .giveUp(let exhaustion) = plan.giveUp(.queueFull) else {
                Issue.record("it should have given up")
                return
            }
            #expect(exhaustion.status == status)
            #expect(exhaustion.reason == .queueFull)
            #expect(exhaustion.retryAfter == .seconds(status == 429 ? 7 : 1))
        }
    }

    @Test func `where every key is known to be bad, a person must mend it`() {
        var plan = plan()
        guard case .giveUp(let exhaustion) = begin(&plan, [first: .out, second: .out, other: .out]) else {
            Issue.record("it should have given up")
            return
        }
        #expect(exhaustion.status == 502)
    }

    @Test func `a bad key does not hide that the good ones are rate limited`() {
        var plan = plan()
        let known: [Candidate: AttemptPlan.Availability] = [
            first: .out, second: .resting(for: .seconds(3)), other: .resting(for: .seconds(5)),
        ]
        guard case .giveUp(let exhaustion) = begin(&plan, known) else {
            Issue.record("it should have given up")
            return
        }
        #expect(exhaustion.status == 429)
        #expect(exhaustion.retryAfter == .seconds(3))
    }
}
