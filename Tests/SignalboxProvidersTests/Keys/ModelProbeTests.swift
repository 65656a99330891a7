import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct ModelProbeTests {
    static let asking: [ProviderKind] = [
        .openai, .anthropic, .gemini, .groq, .cerebras, .mistral, .xai, .together, .openAICompatible,
    ]

    private static func probe(
        _ kind: ProviderKind, _ model: String, base: String = ProbeRun.origin + "/v1",
        secret: Secret = Secret("some-key")
    ) throws -> (any KeyProbe)? {
        var settings = ProviderSettings(baseURL: base)
        settings.folder = YandexGPTFake.folder
        return try kind.adapter(settings: settings).modelProbe(secret, model: model)
    }

    private func run(_ kind: ProviderKind, _ model: String, _ key: FakeKey = .good) throws -> ProbeRun {
        let fake = try #require(FakeVendors.fake(of: kind))
        let probe = try #require(
            try Self.probe(
                kind, model, base: ProbeRun.origin + fake.basePath, secret: fake.secret(for: key)))
        return try ProbeRun(probe) { ProbeRun.ask(fake, $0) }
    }

    private func run(_ kind: ProviderKind, always outcome: KeyProbeOutcome) throws -> KeyReport {
        let probe = try #require(try Self.probe(kind, "m"))
        return try ProbeRun(probe) { _ in outcome }.report
    }

    @Test(arguments: asking) func `a model that is there is told of by one request that cannot generate`(
        kind: ProviderKind
    ) throws {
        let run = try run(kind, "ok")
        #expect(run.report.state == .valid, "\(run.report.message)")
        #expect(run.report.details.models == ["ok"])
        #expect(run.requests.count == 1)
        let url = run.requests[0].url
        #expect(url.hasSuffix("/models/ok") || url.hasSuffix("/models/ok:countTokens"), "\(url)")
    }

    @Test(arguments: asking) func `a model that is not there is missing, and nothing is said of the key`(
        kind: ProviderKind
    ) throws {
        let report = try run(kind, "fail-model").report
        #expect(report.state == .unknown, "\(report.message)")
        #expect(report.proof == KeyProof())
        #expect(report.details.models.isEmpty)
        #expect(report.details.missingModels == ["fail-model"])
    }

    @Test func `a name that is known and not listed is found`() throws {
        #expect(try run(.anthropic, AnthropicFake.shortName).report.details.models == ["ok-latest"])
        #expect(try run(.anthropic, "nobody").report.details.missingModels == ["nobody"])
        #expect(try run(.openai, "nobody").report.details.missingModels == ["nobody"])
    }

    @Test(arguments: asking) func `a refused key is no missing model`(kind: ProviderKind) throws {
        let report = try run(kind, "ok", .bad).report
        #expect(report.state == .invalid)
        #expect(report.details.missingModels.isEmpty)
    }

    @Test(
        arguments: asking,
        [
            ProbeRun.reply(404, "<html>not found</html>"), ProbeRun.reply(404, "404 page not found"),
            ProbeRun.reply(200, "<html>"), ProbeRun.reply(200, "{}"), ProbeRun.reply(200, #"{"data":[]}"#),
            ProbeRun.reply(500, #"{"error":{"message":"model not found","code":"model_not_found"}}"#),
            ProbeRun.reply(429, ""), ProbeRun.reply(302, ""),
            .failure(.init(.timeout(.total), message: "timed out")),
        ].map(Answer.init)) func `who does not speak of the model tells nothing of it`(
            kind: ProviderKind, answer: Answer
        ) throws
    {
        let report = try run(kind, always: answer.outcome)
        #expect(report.details.models.isEmpty && report.details.missingModels.isEmpty, "\(report)")
        #expect(report.state.weight == .nothing)
    }

    struct Answer: Sendable {
        let outcome: KeyProbeOutcome
    }

    @Test(arguments: [ProviderKind.deepseek, .openrouter, .gigachat, .yandexgpt, .ollama, .mock, .custom])
    func `where the list is all there is, or is everybody's, nothing more is asked`(kind: ProviderKind) throws
    {
        #expect(try Self.probe(kind, "m") == nil)
    }

    @Test(arguments: asking, ["", "..", "../chat/completions", "a/../b", "a//b", "/a", "."])
    func `a name that would lead elsewhere is not asked after`(kind: ProviderKind, model: String) throws {
        #expect(try Self.probe(kind, model) == nil)
    }

    @Test func `a name is one part of the path`() throws {
        let probe = try #require(try Self.probe(.openai, "ft:gpt?x=1#y z/ü"))
        let run = try ProbeRun(probe) { _ in ProbeRun.reply(500, "") }
        #expect(run.requests[0].url == "http://fake.test/v1/models/ft:gpt%3Fx%3D1%23y%20z/%C3%BC")
    }
}
