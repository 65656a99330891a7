import SignalboxCore
import SignalboxRouting
import Testing

@Suite struct AttemptPlanHedgeTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    /// Two models with two keys each at provider 0; one of each at providers 1 and 2.
    private static let table = CandidateTable([
        .init(
            provider: 0, name: "groq", models: [.init(name: "a"), .init(name: "b")],
            keys: ["groq-0", "groq-1"]),
        .init(provider: 1, name: "gemini", models: [.init(name: "c")], keys: ["gemini-0"]),
        .init(provider: 2, name: "mistral", models: [.init(name: "d")], keys: ["mistral-0"]),
    ])
    private static let single = CandidateTable([
        .init(provider: 0, name: "groq", models: [.init(name: "a"), .init(name: "b")], keys: ["groq-0"]),
        .init(provider: 1, name: "gemini", models: [.init(name: "c")], keys: ["gemini-0"]),
    ])

    /// A plan whose first candidate is being asked.
    private func begun(
        _ table: CandidateTable = table, limits: AttemptPlan.Limits = .init(), order: [Int]? = nil
    ) -> AttemptPlan {
        var plan = AttemptPlan(
            table, deadline: Deadline(at: start.advanced(by: .seconds(60))), limits: limits, order: order)
        _ = next(nil, &plan)
        return plan
    }

    private func next(_ kind: FailureKind?, _ plan: inout AttemptPlan) -> String {
        var random = SystemRandomNumberGenerator()
        let failure = kind.map { UpstreamFailure($0, message: $0.label) }
        switch plan.next(after: failure, at: start, random: &random) {
        case .attempt(let candidate, _, _): return name(candidate)
        case .wait: return "wait"
        case .returnToCaller(let failure): return "return \(failure.kind.label)"
        case .stop: return "stop"
        case .giveUp(let exhaustion): return "give up \(exhaustion.status)"
        }
    }

    private func name(_ candidate: Candidate?) -> String {
        guard let candidate else { return "none" }
        let target = Self.table.targets[candidate.target]
        return "\(target.models[candidate.model].name)/\(candidate.key)"
    }

    private func failure(_ kind: FailureKind) -> UpstreamFailure {
        UpstreamFailure(kind, message: kind.label)
    }

    @Test func `the second candidate is the next one with another key, and there is never a third`() {
        var plan = begun()
        #expect(name(plan.hedge(at: start)) == "a/1" && plan.attempts == 2 && plan.hasHedged)
        #expect(plan.hedge(at: start) == nil && plan.attempts == 2)
    }

    @Test func `another model with the same key is no second candidate`() {
        var plan = begun(Self.single)
        #expect(name(plan.hedge(at: start)) == "c/0")
    }

    @Test func `those that are not to be had are passed by, and not waited for`() {
        var plan = begun()
        #expect(name(plan.hedge(at: start) { $0.target == 0 ? .busy : .open }) == "c/0")
        var shut = begun()
        #expect(shut.hedge(at: start) { _ in .busy } == nil)
        #expect(!shut.hasHedged && shut.attempts == 1)
    }

    @Test func `it needs an attempt that is left, and time`() {
        var spent = begun(limits: .init(attemptsMax: 1))
        #expect(spent.hedge(at: start) == nil)
        var late = begun()
        #expect(late.hedge(at: start.advanced(by: .seconds(60))) == nil)
    }

    @Test func `it follows the order of the request`() {
        var plan = begun(order: [2, 1, 0])
        #expect(name(plan.current) == "d/0" && name(plan.hedge(at: start)) == "c/0")
    }

    @Test func `when the second fails the first goes on, and the walk leaves out what has failed`() {
        var plan = begun(Self.table, order: [1, 2, 0])
        #expect(name(plan.hedge(at: start)) == "d/0")
        plan.hedgeFailed(failure(.timeout(.total)))
        #expect(name(plan.current) == "c/0" && !plan.isFirstOut)
        #expect(next(.timeout(.total), &plan) == "a/0")
    }

    @Test func `the first one may be asked again after the second has failed`() {
        var plan = begun(Self.table, order: [1, 2, 0])
        _ = plan.hedge(at: start)
        plan.hedgeFailed(failure(.keyRejected))
        #expect(next(.unreachable, &plan) == "c/0")
        #expect(next(.unreachable, &plan) == "a/0")
    }

    @Test func `when both fail the walk goes on behind the first`() {
        var plan = begun()
        #expect(name(plan.hedge(at: start)) == "a/1")
        plan.firstFailed(failure(.rateLimited))
        #expect(plan.isFirstOut)
        #expect(next(.rateLimited, &plan) == "b/0")
        #expect(next(.rateLimited, &plan) == "b/1")
    }

    @Test func `a provider that both have left is left`() {
        var plan = begun()
        _ = plan.hedge(at: start)
        plan.firstFailed(failure(.rateLimited))
        #expect(next(.overloaded, &plan) == "c/0")
    }

    @Test func `a model that is not there is not asked for with another key`() {
        var plan = begun(Self.table, order: [0, 1])
        #expect(name(plan.hedge(at: start) { $0.target == 1 ? .open : .busy }) == "c/0")
        plan.firstFailed(failure(.modelNotFound))
        #expect(next(.timeout(.total), &plan) == "b/0")
    }

    @Test func `what the first one says of the request is the last word, once the second has failed, too`() {
        var plan = begun()
        _ = plan.hedge(at: start)
        plan.firstFailed(failure(.invalidRequest))
        #expect(next(.timeout(.total), &plan) == "return invalid_request")
    }

    @Test func `both failures count for what the caller is told`() {
        var plan = begun(Self.single, limits: .init(attemptsMax: 2))
        _ = plan.hedge(at: start)
        plan.firstFailed(failure(.timeout(.total)))
        #expect(next(.timeout(.total), &plan) == "give up 504")
        var mixed = begun(Self.single, limits: .init(attemptsMax: 2))
        _ = mixed.hedge(at: start)
        mixed.hedgeFailed(failure(.keyRejected))
        #expect(next(.timeout(.total), &mixed) == "give up 502")
    }

    @Test func `a second one that has won is the current one, and a break of its answer leads behind it`() {
        var plan = begun(Self.table, order: [0, 1, 2])
        #expect(name(plan.hedge(at: start) { $0.target == 1 ? .open : .busy }) == "c/0")
        plan.hedgeWon()
        #expect(name(plan.current) == "c/0")
        #expect(next(.interrupted, &plan) == "d/0")
    }

    @Test func `a second one that was given up for the first may be asked later`() {
        var plan = begun(Self.single)
        #expect(name(plan.hedge(at: start)) == "c/0")
        #expect(next(.interrupted, &plan) == "c/0")
    }
}
