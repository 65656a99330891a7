import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ContinuationTests {
    private func router(_ providers: SpokenProvider..., more: [String] = []) throws -> TestRouter {
        var custom: [String: any CustomProvider] = [:]
        for (number, provider) in providers.enumerated() { custom["p\(number)"] = provider }
        return try TestRouter(models: providers.map { _ in "spoken" } + more, custom: custom) {
            $0.routes[0].onInterrupt = .continue
        }
    }

    private func continuations(_ outcome: ContinuationOutcome, in test: TestRouter) -> UInt64 {
        test.registry.counter(Catalogue.continuations).series("chat", outcome.rawValue).value
    }

    private func chunks(_ outcome: Outcome) throws -> [JSONTree] {
        try outcome.body.split(separator: "\n\n").map { $0.dropFirst(6) }.filter { $0 != "[DONE]" }
            .map { try JSONTree(parsing: Array($0.utf8)) }
    }

    @Test func `another provider ends the answer: one role, one id, one finish reason, one usage`()
        async throws
    {
        let test = try TestRouter(models: ["mock-cut", "mock-normal"]) {
            $0.routes[0].onInterrupt = .continue
        }
        let outcome = try await test.outcome(
            of: chat(#""stream_options":{"include_usage":true},"#, stream: true))
        #expect(try outcome.text == "This is a mock answer: no model was asked.")
        #expect(outcome.provider == "p1" && outcome.attempts == 2 && outcome.breakOff == nil)
        let chunks = try chunks(outcome)
        let choices = chunks.compactMap { $0["choices"]?.elements?.first }
        #expect(choices.count { $0["delta"]?["role"] != nil } == 1)
        #expect(choices.compactMap { $0["finish_reason"]?.string } == ["stop"])
        #expect(chunks.count { $0["usage"]?["completion_tokens"] != nil } == 1)
        #expect(outcome.body.components(of: "[DONE]") == 1 && outcome.body.hasSuffix("data: [DONE]\n\n"))
        #expect(continuations(.continued, in: test) == 1)
        let errors = test.registry.counter(Catalogue.requestErrors)
        #expect(errors.series("p0", "mock-cut", "interrupted").value == 1)
        #expect(
            test.registry.counter(Catalogue.fallbacks).series("chat", "p0", "p1", "interrupted").value == 1)
        #expect(test.registry.gauge(Catalogue.inflightRequests).series("p0").value == 0)
    }

    @Test func `the second provider's chunks get the first one's id`() async throws {
        let test = try TestRouter(models: ["mock-cut", "spoken"], custom: ["p1": SpokenProvider([" end"])]) {
            $0.routes[0].onInterrupt = .continue
        }
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(Set(try chunks(outcome).compactMap { $0["id"]?.string }) == ["chatcmpl-mock"])
    }

    @Test(arguments: [
        (["a b "], [" c"], "a b c", "a b"), (["a b "], ["c"], "a b c", "a b"),
        (["a", "\n\n"], ["\n", "\n", "b"], "a\n\nb", "a"), (["a"], [" b"], "a b", "a"),
        (["a "], ["\n", "b"], "a \nb", "a"), (["a\n "], ["\nb"], "a\n b", "a\n".trimmed),
        (["é\u{301} "], [" ü"], "é\u{301} ü", "é\u{301}"), (["a  "], [" ", " "], "a  ", "a"),
    ])
    func `the seam neither loses nor repeats anything`(
        sent: [String], more: [String], joined: String, prefill: String
    ) async throws {
        let second = SpokenProvider(more)
        let test = try router(SpokenProvider(sent, breaks: true), second)
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(Array(try outcome.text.utf8) == Array(joined.utf8))
        let last = second.calls.withLock { $0.last?.conversation.messages.last }
        #expect(last?.role == .assistant && last?.text == prefill)
    }

    @Test func `where only white space was sent the request is asked as it was`() async throws {
        let second = SpokenProvider(["\n", " whole"])
        let test = try router(SpokenProvider(["\n "], breaks: true), second)
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(try outcome.text == "\n whole")
        #expect(second.calls.withLock { $0.map(\.conversation.messages.last?.role) } == [.user])
    }

    @Test func `an answer may break off more than once`() async throws {
        let third = SpokenProvider([" three"])
        let test = try router(
            SpokenProvider(["one "], breaks: true), SpokenProvider([" two "], breaks: true), third)
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(try outcome.text == "one two three" && outcome.attempts == 3)
        #expect(third.calls.withLock { $0.last?.conversation.messages.last?.text } == "one two")
        #expect(continuations(.continued, in: test) == 2)
    }

    @Test(arguments: ["tool", "reasoning", "refusal", "second"])
    func `what is more than one text cannot be gone on with`(extra: String) async throws {
        let second = SpokenProvider(["never"])
        let test = try router(SpokenProvider(["a part"], extra: extra, breaks: true), second)
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff?.kind == .interrupted && !outcome.body.contains("[DONE]"))
        #expect(second.calls.withLock { $0.isEmpty } && outcome.attempts == 1)
        #expect(continuations(.impossible, in: test) == 1)
    }

    @Test
    func `a request for several answers, or one that ends in the assistant's words, is not gone on with`()
        async throws
    {
        let second = SpokenProvider(["never"])
        let test = try router(SpokenProvider(["a part"], breaks: true), second)
        #expect(try await test.outcome(of: chat(#""n":2,"#, stream: true)).breakOff != nil)
        let begun = #"""
            {"model":"chat","stream":true,"messages":[{"role":"user","content":"hello"},
             {"role":"assistant","content":"Well"}]}
            """#
        #expect(try await test.outcome(of: begun).breakOff != nil)
        #expect(second.calls.withLock { $0.isEmpty })
    }

    @Test func `a provider that takes no prefill is passed by`() async throws {
        let (second, third) = (SpokenProvider(["never"], acceptsPrefill: false), SpokenProvider([" end"]))
        let test = try router(SpokenProvider(["the"], breaks: true), second, third)
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(try outcome.text == "the end" && outcome.provider == "p2" && outcome.attempts == 2)
        #expect(second.calls.withLock { $0.isEmpty })
    }

    @Test(arguments: [FailureKind.invalidRequest, .keyRejected, .overloaded])
    func `why nobody goes on is not what the caller is told`(kind: FailureKind) async throws {
        let test = try router(
            SpokenProvider(["a part"], breaks: true),
            SpokenProvider([], fails: UpstreamFailure(kind, message: "no prefill", status: 400)))
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff?.kind == .interrupted && outcome.breakOff?.message == "told to break")
        #expect(outcome.provider == "p0" && continuations(.failed, in: test) == 1)
    }

    @Test func `the budget of attempts holds`() async throws {
        let second = SpokenProvider(["never"])
        let test = try TestRouter(
            models: ["spoken", "spoken"],
            custom: ["p0": SpokenProvider(["a part"], breaks: true), "p1": second]
        ) {
            $0.routes[0].onInterrupt = .continue
            $0.routes[0].attemptsMax = 1
        }
        #expect(try await test.outcome(of: chat(stream: true)).breakOff != nil)
        #expect(second.calls.withLock { $0.isEmpty })
    }

    @Test func `a caller that leaves while another provider is asked ends that, too`() async throws {
        let second = TestProvider()
        let test = try TestRouter(
            models: ["spoken", "waiting"],
            custom: ["p0": SpokenProvider(["a part"], breaks: true), "p1": PrefilledProvider(second)]
        ) { $0.routes[0].onInterrupt = .continue }
        let (router, loop) = (test.router, test.group.loops[0])
        let call = try ChatCall(text: chat(stream: true))
        let (begun, broke) = (Signal<RoutedCall>(), Signal<FailureKind?>())
        loop.spawn {
            let routed = router.begin(
                call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop, cancelledBy: .owner)
            guard let routed, case .stream(let stream) = await routed.answer() else { return broke.put(nil) }
            begun.put(routed)
            do throws(UpstreamFailure) {
                while try await stream.next() != nil {}
                broke.put(nil)
            } catch {
                broke.put(error.kind)
            }
            routed.end(.cancelled, status: 200)
        }
        let routed = try #require(await begun.take())
        _ = await second.waits.take()
        loop.execute { routed.cancel() }
        #expect(await broke.take() == .interrupted)
        #expect(await second.leaves.take() == true)
    }
}

/// A provider that says its pieces, and then ends or breaks off.
final class SpokenProvider: CustomProvider {
    let calls = Mutex<[CustomCall]>([])
    private let pieces: [String]
    private let extra: String
    private let breaks: Bool
    private let takesPrefill: Bool
    private let refusal: UpstreamFailure?

    init(
        _ pieces: [String], extra: String = "", breaks: Bool = false, acceptsPrefill: Bool = true,
        fails refusal: UpstreamFailure? = nil
    ) {
        self.pieces = pieces
        self.extra = extra
        self.breaks = breaks
        takesPrefill = acceptsPrefill
        self.refusal = refusal
    }

    func acceptsPrefill(model: String) -> Bool { takesPrefill }

    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        call.answer(pieces.joined())
    }

    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        calls.withLock { $0.append(call) }
        if let refusal { throw refusal }
        for piece in pieces { try await deltas.text(piece) }
        switch extra {
        case "tool": try await deltas.toolCall(index: 0, id: "t", name: "look", arguments: "{}")
        case "reasoning": try await deltas.reasoning("hm")
        case "refusal": try await deltas.refusal("no")
        case "second": try await deltas.text("another", choice: 1)
        default: break
        }
        if breaks { throw UpstreamFailure(.overloaded, message: "told to break") }
        return CustomEnding([.stop])
    }
}

/// Another provider, which is said to go on with answers.
private struct PrefilledProvider: CustomProvider {
    let provider: TestProvider

    init(_ provider: TestProvider) {
        self.provider = provider
    }

    func acceptsPrefill(model: String) -> Bool { true }

    func answer(_ call: CustomCall) async throws -> ChatAnswer { try await provider.answer(call) }

    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        try await provider.stream(call, to: deltas)
    }
}

extension String {
    fileprivate func components(of text: String) -> Int {
        ranges(of: text).count
    }

    fileprivate var trimmed: String {
        String(reversed().drop { $0.isWhitespace }.reversed())
    }
}
