import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct CustomProviderTests {
    private let provider = TestProvider()

    private func router(
        _ models: String..., change: (inout Configuration) -> Void = { _ in }
    ) throws -> TestRouter {
        try TestRouter(models: models, custom: ["p0": provider], change)
    }

    @Test func `a whole answer is OpenAI's, and counted, spanned and told as anybody's`() async throws {
        let test = try router("good")
        let outcome = try await test.outcome(of: chat(#""temperature":0.5,"#))
        let answer = try JSONTree(parsing: Array(outcome.body.utf8))
        #expect(answer["choices"]?.elements?[0]["message"]?["content"] == "you said hello")
        #expect(answer["id"] == "chatcmpl-r-9" && answer["model"] == "good")
        #expect(answer["usage"]?["completion_tokens_details"]?["reasoning_tokens"] == 2)
        #expect(outcome.attempts == 1 && outcome.provider == "p0")
        #expect(test.requests("p0", "good", "success") == 1)
        #expect(test.registry.counter(Catalogue.tokens).series("p0", "good", "completion").value == 5)
        #expect(test.registry.gauge(Catalogue.inflightRequests).series("p0").value == 0)
        #expect(test.spans.all.first?.name == "chat good")
        let call = try #require(provider.calls.withLock { $0.first })
        #expect(call.conversation.sampling.temperature == .number("0.5"))
        #expect(String(decoding: call.body, as: UTF8.self).contains(#""model":"good""#))
        #expect(call.requestID == "r-9" && call.key == nil && !call.isStreaming)
    }

    @Test(arguments: [true, false])
    func `a stream is OpenAI's chunks; its usage is counted, and shown to who asked`(isAsked: Bool)
        async throws
    {
        let test = try router("good")
        let asked = isAsked ? #""stream_options":{"include_usage":true},"# : ""
        let outcome = try await test.outcome(of: chat(asked, stream: true))
        let payloads = outcome.body.split(separator: "\n\n").map { $0.dropFirst(6) }
        #expect(payloads.last == "[DONE]")
        let chunks = try payloads.dropLast().map { try JSONTree(parsing: Array($0.utf8)) }
        let deltas = chunks.compactMap { $0["choices"]?.elements?.first?["delta"] }
        #expect(deltas.compactMap { $0["content"]?.string }.joined() == "you said hello")
        #expect(deltas.compactMap { $0["reasoning_content"]?.string } == ["hm"])
        let tools = deltas.compactMap { $0["tool_calls"]?.elements?.first?["function"] }
        #expect(tools.compactMap { $0["arguments"]?.string }.joined() == #"{"a":1}"#)
        #expect(chunks.contains { $0["choices"]?.elements?.first?["finish_reason"] == "tool_calls" })
        #expect(chunks.contains { $0["usage"] != nil } == isAsked)
        #expect(test.registry.counter(Catalogue.tokens).series("p0", "good", "completion").value == 5)
    }

    @Test func `a provider that answers in one piece streams it, a long text in several pieces`() async throws
    {
        struct Whole: CustomProvider {
            func answer(_ call: CustomCall) async throws -> ChatAnswer {
                call.answer(String(repeating: "é", count: 1 << 20))
            }
        }
        let test = try TestRouter(models: ["whole"], custom: ["p0": Whole()])
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff == nil && outcome.body.hasSuffix("data: [DONE]\n\n"))
        #expect(outcome.body.count(where: { $0 == "é" }) == 1 << 20)
    }

    @Test(arguments: [
        ("limited", "rate_limited"), ("unmapped", "overloaded"), ("mapped", "overloaded"),
        ("cancelled", "overloaded"), ("empty", "malformed_reply"),
    ])
    func `what it throws is a class of failure, and the next provider is asked`(
        model: String, label: String
    ) async throws {
        let test = try router(model, "mock-normal")
        let outcome = try await test.outcome(of: chat())
        #expect(outcome.failure == nil && outcome.provider == "p1")
        let errors = test.registry.counter(Catalogue.requestErrors).series("p0", model, label).value
        #expect(errors == (label == "overloaded" ? 2 : 1))
    }

    @Test func `Retry-After and the field at fault reach the caller`() async throws {
        let limited = try await router("limited").outcome(of: chat(stream: true))
        #expect(limited.failure?.status == 429 && limited.failure?.retryAfter == .seconds(3))
        let refusing = try await router("refusing").outcome(of: chat())
        #expect(refusing.failure?.status == 400 && refusing.failure?.parameter == "seed")
        #expect(refusing.failure?.code == "invalid_value" && refusing.failure?.outcome == .invalid)
        #expect(refusing.attempts == 1)
    }

    @Test func `a stream that fails after its first delta breaks off`() async throws {
        let test = try router("breaking", "mock-normal")
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff?.kind == .interrupted && !outcome.body.contains("[DONE]"))
        #expect(outcome.breakOff?.message == "the vendor broke off")
    }

    @Test(arguments: [("first_token", false), ("first_token", true), ("total", false)])
    func `silence ends in a timeout that cancels its task, and the next provider is asked`(
        limit: String, stream: Bool
    ) async throws {
        let test = try router("waiting", "mock-normal") {
            if limit == "total" {
                $0.providers[0].timeouts.total = .milliseconds(20)
            } else {
                $0.providers[0].timeouts.firstToken = .milliseconds(20)
            }
        }
        let outcome = try await test.outcome(of: chat(stream: stream))
        #expect(outcome.provider == "p1" && outcome.failure == nil)
        #expect(await provider.leaves.take() == true)
        #expect(test.registry.counter(Catalogue.requestErrors).series("p0", "waiting", "timeout").value == 1)
    }

    @Test func `a stream that falls silent breaks off`() async throws {
        let test = try router("stalling") { $0.providers[0].timeouts.idle = .milliseconds(20) }
        let start = ContinuousClock.now
        let outcome = try await test.outcome(of: chat(stream: true))
        #expect(outcome.breakOff?.kind == .interrupted)
        // The limit of the first token, 30 s, does not hold any more.
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(await provider.leaves.take() == true)
    }

    @Test(arguments: [false, true])
    func `a caller that leaves cancels its task`(stream: Bool) async throws {
        let test = try router("waiting")
        let (router, loop, provider) = (test.router, test.group.loops[0], provider)
        let call = try ChatCall(text: chat(stream: stream))
        let outcome = Signal<ClientOutcome>()
        let begun = Signal<RoutedCall>()
        loop.spawn {
            let routed = router.begin(
                call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop, cancelledBy: .owner)
            guard let routed else { return }
            begun.put(routed)
            if case .failure(let failure) = await routed.answer() { outcome.put(failure.outcome) }
        }
        let routed = try #require(await begun.take())
        _ = await provider.waits.take()
        loop.execute { routed.cancel() }
        #expect(await outcome.take() == .cancelled)
        #expect(await provider.leaves.take() == true)
    }

    @Test func `a caller that reads slowly pauses it`() async throws {
        let test = try router("flood")
        let (router, loop, provider) = (test.router, test.group.loops[0], provider)
        let call = try ChatCall(text: chat(stream: true))
        let flood = Signal<Int>()
        loop.spawn {
            let routed = router.begin(call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop)
            guard let routed, case .stream(let stream) = await routed.answer() else { return flood.put(-1) }
            // Many turns of the loop in which nothing is read.
            for _ in 0..<2_000 { await Task.yield() }
            let taken = provider.pieces.withLock { $0 }
            do throws(UpstreamFailure) {
                while try await stream.next() != nil {}
            } catch {
                flood.put(-2)
            }
            routed.end(.success, status: 200)
            flood.put(taken)
        }
        let taken = try #require(await flood.take())
        // 64 KiB wait for their reader, and the piece that was read up to the first delta.
        #expect(0...8 ~= taken)
        #expect(provider.pieces.withLock { $0 } == 64)
    }

    @Test func `names must fit: nobody registered, or nobody configured`() throws {
        let unregistered = #expect(throws: RouterError.self) {
            try TestRouter(models: ["m"]) { $0.providers[0].kind = .custom }
        }
        #expect(unregistered?.description.contains("p0 is of kind custom, and nobody registered it") == true)
        let unknown = #expect(throws: RouterError.self) {
            try TestRouter(models: ["m"], custom: ["p7": provider])
        }
        #expect(unknown?.description == "p7 was registered, and no provider of kind custom has that name")
    }
}
