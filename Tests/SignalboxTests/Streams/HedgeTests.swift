import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct HedgeTests {
    private func router(
        _ first: StagedProvider, _ rest: (String, StagedProvider?)...,
        after delay: Duration = .milliseconds(5),
        _ change: @escaping (inout Configuration) -> Void = { _ in }
    ) throws -> TestRouter {
        var custom: [String: any CustomProvider] = ["p0": first]
        for (number, (_, provider)) in rest.enumerated() { custom["p\(number + 1)"] = provider }
        return try TestRouter(models: ["first"] + rest.map(\.0), custom: custom) {
            $0.routes[0].hedgeAfter = delay
            change(&$0)
        }
    }

    private func hedges(_ outcome: HedgeOutcome, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.hedges).series("chat", outcome.rawValue).value
    }

    private func errors(_ provider: String, _ model: String, _ label: String, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.requestErrors).series(provider, model, label).value
    }

    private func inflight(in test: TestRouter) -> [Double] {
        ["p0", "p1"].map { Double(test.registry.gauge(Catalogue.inflightRequests).series($0).value) }
    }

    @Test(arguments: [false, true])
    func `the second answers for a slow first, which is given up`(stream: Bool) async throws {
        let first = StagedProvider()
        let test = try router(first, ("mock-normal", nil))
        let outcome = try await test.outcome(of: chat(stream: stream))
        #expect(outcome.provider == "p1" && outcome.failure == nil && outcome.breakOff == nil)
        #expect(outcome.attempts == 2)
        #expect(await first.leaves.take() == true)
        #expect(hedges(.won, in: test) == 1 && errors("p0", "first", "cancelled", in: test) == 1)
        #expect(inflight(in: test) == [0, 0])
        let requests = test.registry.counter(Catalogue.clientRequests)
        #expect(requests.series("chat", "anonymous", "fallback").value == 1)
        // What was waited for at two places at once is no overhead, and counts once.
        let overhead = test.registry.histogram(Catalogue.overhead).series("chat")
        #expect(overhead.sum > 0 && overhead.sum < 5)
    }

    @Test func `a first that answers in time is alone`() async throws {
        let first = StagedProvider()
        first.go.put(.answer)
        let test = try router(first, ("mock-normal", nil), after: .seconds(60))
        let outcome = try await test.outcome(of: chat())
        #expect(outcome.provider == "p0" && outcome.attempts == 1)
        for outcome in HedgeOutcome.allCases { #expect(hedges(outcome, in: test) == 0) }
    }

    @Test(arguments: [false, true])
    func `the first answers after all, and the second is given up`(stream: Bool) async throws {
        let (first, second) = (StagedProvider(), StagedProvider())
        let test = try router(first, ("second", second))
        async let outcome = test.outcome(of: chat(stream: stream))
        _ = await second.asked.take()
        first.go.put(.answer)
        #expect(try await outcome.provider == "p0")
        #expect(await second.leaves.take() == true)
        #expect(hedges(.lost, in: test) == 1 && errors("p1", "second", "cancelled", in: test) == 1)
        #expect(inflight(in: test) == [0, 0])
    }

    @Test func `a second that fails leaves the first alone`() async throws {
        let (first, second) = (StagedProvider(), StagedProvider())
        let test = try router(first, ("second", second))
        async let outcome = test.outcome(of: chat())
        _ = await second.asked.take()
        second.go.put(.fail)
        _ = await second.ended.take()
        first.go.put(.answer)
        #expect(try await outcome.provider == "p0")
        #expect(hedges(.failed, in: test) + hedges(.lost, in: test) == 1)
    }

    @Test func `a first that fails leaves the second alone, and nothing is asked twice`() async throws {
        let (first, second) = (StagedProvider(), StagedProvider())
        let test = try router(first, ("second", second))
        async let outcome = test.outcome(of: chat())
        _ = await second.asked.take()
        first.go.put(.fail)
        _ = await first.ended.take()
        second.go.put(.answer)
        let ended = try await outcome
        #expect(ended.provider == "p1" && ended.attempts == 2)
        #expect(hedges(.won, in: test) == 1)
    }

    @Test func `when both fail the walk goes on, without another second attempt`() async throws {
        let (first, second) = (StagedProvider(), StagedProvider())
        let third = StagedProvider()
        let test = try router(first, ("second", second), ("third", third), ("mock-normal", nil))
        async let outcome = test.outcome(of: chat())
        _ = await second.asked.take()
        first.go.put(.fail)
        second.go.put(.fail)
        _ = await third.asked.take()
        third.go.put(.fail)
        let ended = try await outcome
        #expect(ended.provider == "p3" && ended.attempts == 4)
        #expect(hedges(.failed, in: test) == 1)
    }

    @Test(arguments: [IncomingReply.Canceller.owner, .task], [false, true])
    func `a caller that leaves ends both at once`(canceller: IncomingReply.Canceller, stream: Bool)
        async throws
    {
        let (first, second) = (StagedProvider(), StagedProvider())
        let test = try router(first, ("second", second))
        let asked = try Asked(test, stream: stream, cancelledBy: canceller)
        _ = await second.asked.take()
        await asked.leave()
        #expect(await asked.failure.take()??.outcome == .cancelled)
        #expect(await first.leaves.take() == true)
        #expect(await second.leaves.take() == true)
        #expect(hedges(.cancelled, in: test) == 1 && inflight(in: test) == [0, 0])
    }

    @Test(arguments: [IncomingReply.Canceller.owner, .task])
    func `a caller that leaves ends the second that is left alone`(canceller: IncomingReply.Canceller)
        async throws
    {
        let (first, second) = (StagedProvider(), StagedProvider())
        let test = try router(first, ("second", second))
        let asked = try Asked(test, stream: false, cancelledBy: canceller)
        _ = await second.asked.take()
        first.go.put(.fail)
        _ = await first.ended.take()
        await asked.leave()
        #expect(await asked.failure.take()??.outcome == .cancelled)
        #expect(await second.leaves.take() == true)
    }
}

/// A provider that waits to be told how to answer, and tells what becomes of it.
final class StagedProvider: CustomProvider {
    enum Act: Sendable { case answer, fail }

    let asked = Signal<Bool>()
    let go = Signal<Act>()
    let ended = Signal<Bool>()
    /// Whether its task was cancelled before it was told.
    let leaves = Signal<Bool>()

    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        asked.put(true)
        // A stream of values that ends when the task is cancelled.
        guard let act = await go.take() else {
            leaves.put(Task.isCancelled)
            throw CancellationError()
        }
        defer { ended.put(true) }
        switch act {
        case .answer: return call.answer("staged", usage: TokenUsage(promptTokens: 1, completionTokens: 1))
        case .fail: throw UpstreamFailure(.malformedReply, message: "told to fail")
        }
    }
}
