import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct HeldStreamTests {
    private static let text = "This is a mock answer: no model was asked."

    private func router(
        _ models: String..., provider: TestProvider? = nil,
        hold change: @escaping (inout Configuration.Hold) -> Void = { _ in }
    ) throws -> TestRouter {
        try TestRouter(models: models, custom: provider.map { ["p0": $0] } ?? [:]) {
            $0.routes[0].onInterrupt = .hold
            change(&$0.routes[0].hold)
        }
    }

    private func holds(_ outcome: HoldOutcome, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.holds).series("chat", outcome.rawValue).value
    }

    @Test func `an answer that breaks off is made anew elsewhere, and its caller sees only the whole one`()
        async throws
    {
        let test = try router("mock-cut", "mock-normal")
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(try outcome.text == Self.text)
        #expect(outcome.body.hasSuffix("data: [DONE]\n\n") && outcome.breakOff == nil)
        #expect(outcome.provider == "p1" && outcome.attempts == 2)
        #expect(holds(.broken, in: test) == 1 && holds(.whole, in: test) == 1)
        let errors = test.registry.counter(Catalogue.requestErrors)
        #expect(errors.series("p0", "mock-cut", "interrupted").value == 1)
        let fallbacks = test.registry.counter(Catalogue.fallbacks)
        #expect(fallbacks.series("chat", "p0", "p1", "interrupted").value == 1)
    }

    @Test func `when every answer breaks off the caller gets an error and no part`() async throws {
        let test = try router("mock-cut", "mock-cut")
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.failure?.status == 502 && outcome.failure?.outcome == .exhausted)
        #expect(outcome.failure?.attempts.map(\.errorType) == ["interrupted", "interrupted"])
        #expect(outcome.body.isEmpty)
    }

    @Test func `the budget of attempts holds`() async throws {
        let test = try TestRouter(models: ["mock-cut", "mock-normal"]) {
            $0.routes[0].onInterrupt = .hold
            $0.routes[0].attemptsMax = 1
        }
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.failure?.status == 502 && outcome.attempts == 1)
    }

    @Test func `beyond the bound in bytes it goes out, and an interruption shows`() async throws {
        let test = try router("breaking late", "mock-normal", provider: TestProvider()) { $0.bytesMax = 1024 }
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff?.kind == .interrupted && outcome.provider == "p0")
        #expect(try outcome.text.count == 4096)
        #expect(holds(.bytes, in: test) == 1 && holds(.broken, in: test) == 0)
    }

    @Test func `beyond the bound in time it goes out while the provider is silent`() async throws {
        let provider = TestProvider()
        let test = try router("stalling", provider: provider) { $0.time = .milliseconds(20) }
        let (router, loop) = (test.router, test.group.loops[0])
        let call = try ChatCall(text: chat(stream: true))
        let part = Signal<String>()
        loop.spawn {
            let routed = router.begin(call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop)
            guard let routed, case .stream(let stream) = await routed.answer() else { return part.put("") }
            do throws(UpstreamFailure) {
                part.put(String(decoding: try await stream.next() ?? [], as: UTF8.self))
            } catch {
                part.put("\(error)")
            }
            stream.abandon()
            routed.end(.cancelled, status: 200)
        }
        #expect(await part.take()?.contains("a part") == true)
        #expect(holds(.time, in: test) == 1)
        #expect(await provider.leaves.take() == true)
    }

    @Test(arguments: [IncomingReply.Canceller.owner, .task])
    func `a caller that leaves while it is held ends it at once`(canceller: IncomingReply.Canceller)
        async throws
    {
        let provider = TestProvider()
        let test = try router("stalling", "mock-normal", provider: provider)
        let asked = try Asked(test, stream: true, cancelledBy: canceller)
        _ = await provider.waits.take()
        await asked.leave()
        #expect(await asked.failure.take()??.outcome == .cancelled)
        #expect(await provider.leaves.take() == true)
        #expect(holds(.broken, in: test) == 0)
        #expect(test.registry.gauge(Catalogue.inflightRequests).series("p0").value == 0)
    }
}

extension Outcome {
    /// The text of a streamed answer's first choice.
    var text: String {
        get throws {
            try body.split(separator: "\n\n").map { $0.dropFirst(6) }.filter { $0 != "[DONE]" }
                .compactMap {
                    try JSONTree(parsing: Array($0.utf8))["choices"]?.elements?.first?["delta"]?["content"]?
                        .string
                }
                .joined()
        }
    }
}

/// A request under way whose caller may leave.
final class Asked: Sendable {
    /// What the request ended with; nil inside for an answer.
    let failure = Signal<CallFailure?>()
    private let test: TestRouter
    private let canceller: IncomingReply.Canceller
    private let begun = Signal<RoutedCall>()
    private let task: Task<Void, Never>

    /// - Parameter isDrained: whether a stream is treated as that of a caller who has left.
    init(
        _ test: TestRouter, stream: Bool, cancelledBy canceller: IncomingReply.Canceller,
        isDrained: Bool = false
    ) throws {
        self.test = test
        self.canceller = canceller
        let call = try ChatCall(text: chat(stream: stream))
        let (router, loop, begun, failure) = (test.router, test.group.loops[0], begun, failure)
        task = loop.spawn {
            let routed = router.begin(
                call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop, cancelledBy: canceller)
            guard let routed else { return failure.put(nil) }
            begun.put(routed)
            switch await routed.answer() {
            case .failure(let reason):
                routed.end(reason.outcome, status: reason.status)
                failure.put(reason)
            case .stream(let stream) where isDrained:
                await stream.drain()
                routed.end(.cancelled, status: 200)
                failure.put(nil)
            case .whole, .stream:
                routed.end(.success, status: 200)
                failure.put(nil)
            }
        }
    }

    func leave() async {
        switch canceller {
        case .task: task.cancel()
        case .owner:
            guard let routed = await begun.take() else { return }
            test.group.loops[0].execute { routed.cancel() }
        }
    }
}
