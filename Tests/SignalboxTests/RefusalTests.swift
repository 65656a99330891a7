import Signalbox
import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct RefusalTests {
    @Test(arguments: [false, true])
    func `what an adapter refuses is the caller's error, and no attempt at anybody`(stream: Bool) async throws
    {
        let provider = TestProvider()
        let test = try TestRouter(models: ["good", "mock-normal"], custom: ["p0": provider])
        let outcome = try await test.outcome(
            of: #"{"model":"chat","stream":\#(stream),"messages":[{"role":"king","content":"x"}]}"#)
        let failure = try #require(outcome.failure)
        #expect(failure.status == 400 && failure.parameter == "messages[0].role")
        #expect(failure.type == "invalid_request_error" && failure.code == "invalid_value")
        #expect(failure.outcome == .invalid && failure.attempts.isEmpty && outcome.attempts == 0)
        #expect(outcome.provider.isEmpty)
        #expect(provider.calls.withLock { $0.isEmpty })
        #expect(test.requests("p0", "good", "failure") == 0)
        #expect(test.requests("p0", "good", "success") == 0)
        let errors = test.registry.counter(Catalogue.requestErrors)
        #expect(errors.series("p0", "good", "invalid_request").value == 0)
        let clients = test.registry.counter(Catalogue.clientRequests)
        #expect(clients.series("chat", "anonymous", "invalid").value == 1)
        #expect(test.registry.gauge(Catalogue.inflightRequests).series("p0").value == 0)
        #expect(test.spans.all.map(\.name).count == 1)
    }

    @Test func `a refusal behind a failure keeps the attempt that was made`() async throws {
        let test = try TestRouter(models: ["mock-auth-error", "good"], custom: ["p1": TestProvider()])
        let outcome = try await test.outcome(
            of: #"{"model":"chat","messages":[{"role":"king","content":"x"}]}"#)
        #expect(outcome.failure?.status == 400 && outcome.failure?.attempts.count == 1)
        #expect(outcome.attempts == 1 && outcome.provider == "p0")
    }
}
