import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import SignalboxTesting
import Testing

/// The example of docs/embedding.md.
private struct Parrot: CustomProvider {
    func answer(_ call: CustomCall) async throws -> ChatAnswer {
        let words = call.conversation.messages.last?.text ?? ""
        guard !words.isEmpty else { throw UpstreamFailure.refused("messages", "A parrot needs words.") }
        return call.answer(words, usage: TokenUsage(promptTokens: 1, completionTokens: 1))
    }

    func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
        for word in (call.conversation.messages.last?.text ?? "").split(separator: " ") {
            try await deltas.text(String(word) + " ")
        }
        return CustomEnding([.stop], usage: TokenUsage(promptTokens: 1, completionTokens: 1))
    }
}

@Suite(.timeLimit(.minutes(2))) struct CustomExampleTests {
    @Test func `the documented provider answers`() async throws {
        let group = try EventLoopGroup(count: 1)
        let writer = LogWriter(descriptor: -1)
        let (registry, logger) = (MetricRegistry(), Logger(writer: writer))
        var configuration = Configuration()
        configuration.providers = [Configuration.Provider(name: "parrot", kind: .custom, models: ["grey"])]
        configuration.routes = [
            Configuration.Route(
                model: "chat", targets: [Configuration.Target(provider: "parrot", models: ["grey"])])
        ]
        let router = try Router(
            configuration: configuration, group: group, registry: registry, logger: logger,
            custom: ["parrot": Parrot()])
        let call = try ChatCall(text: chat(prompt: "pretty Polly"))
        let answered = Signal<Outcome?>()
        let loop = group.loops[0]
        loop.spawn {
            let routed = router.begin(call, tenant: 0, requestID: "r", receivedAt: loop.now(), on: loop)
            guard let routed else { return answered.put(nil) }
            answered.put(await TestRouter.take(routed))
        }
        let outcome = try #require(await answered.take() ?? nil)
        #expect(outcome.body.contains("pretty Polly") && outcome.provider == "parrot")
        await router.shutdown()
        group.shutdown()
        writer.shutdown()
    }

    @Test func `the documented provider conforms`() async {
        #expect(await CustomProviderConformance(Parrot(), model: "grey").violations() == [])
    }

    @Test func `the suite finds a stream that is not the answer, and usage that cannot be`() async {
        struct Liar: CustomProvider {
            func answer(_ call: CustomCall) async throws -> ChatAnswer {
                call.answer("", usage: TokenUsage(promptTokens: 1, completionTokens: 1, reasoningTokens: 2))
            }
            func stream(_ call: CustomCall, to deltas: CustomDeltas) async throws -> CustomEnding {
                CustomEnding([])
            }
        }
        let found = await CustomProviderConformance(Liar(), model: "m").violations()
        #expect(found.count == 5, "\(found)")
    }
}
