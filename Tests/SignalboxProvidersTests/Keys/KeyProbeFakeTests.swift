import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct KeyProbeFakeTests {
    static let probed = ProviderKind.allCases.filter { $0 != .mock && $0 != .custom }

    private func run(_ kind: ProviderKind, _ key: FakeKey) throws -> ProbeRun {
        let fake = try #require(FakeVendors.fake(of: kind))
        return try ProbeRun(kind, fake: fake, secret: fake.secret(for: key))
    }

    @Test(arguments: probed)
    func `a good key is valid, and nothing is asked that could generate`(kind: ProviderKind) throws {
        let run = try run(kind, .good)
        #expect(run.report.state == .valid, "\(run.report.message)")
        #expect(run.report.code == .success)
        #expect(run.report.proof.exists == true)
        #expect(run.report.status == 200)
        for request in run.requests {
            let path = request.url.split(separator: "/").last.map(String.init) ?? ""
            let harmless = ["models", "balance", "api-key", "key", "tags", "oauth"]
            #expect(harmless.contains(path) || path.hasSuffix(":countTokens"), "\(request.url)")
        }
    }

    @Test(arguments: [ProviderKind.mock, .custom])
    func `what is no vendor of ours has no probe`(kind: ProviderKind) throws {
        #expect(throws: ProbeRun.NoProbe.self) { try ProbeRun.probe(kind, secret: Secret("k")) }
    }

    static let refusals: [(ProviderKind, FakeKey, KeyState)] = [
        (.openai, .bad, .invalid), (.openai, .expired, .expired), (.openai, .noCredit, .noCredit),
        (.openai, .noScope, .missingScope), (.openAICompatible, .bad, .invalid),
        (.openAICompatible, .noCredit, .noCredit), (.openAICompatible, .noScope, .missingScope),
        // It tells no expired key from a bad one.
        (.groq, .bad, .invalid), (.groq, .expired, .invalid), (.groq, .noScope, .missingScope),
        (.cerebras, .bad, .invalid), (.cerebras, .noCredit, .noCredit), (.mistral, .bad, .invalid),
        (.mistral, .expired, .invalid), (.mistral, .noCredit, .noCredit), (.mistral, .noScope, .missingScope),
        (.deepseek, .bad, .invalid), (.deepseek, .noCredit, .noCredit), (.xai, .bad, .invalid),
        (.xai, .noCredit, .noCredit), (.xai, .noScope, .missingScope), (.openrouter, .bad, .invalid),
        (.openrouter, .noCredit, .spendLimit), (.openrouter, .noScope, .missingScope),
        (.together, .bad, .invalid), (.together, .expired, .expired), (.together, .noCredit, .spendLimit),
        (.anthropic, .bad, .invalid), (.anthropic, .expired, .expired), (.anthropic, .noCredit, .noCredit),
        (.anthropic, .noScope, .missingScope), (.gemini, .bad, .invalid), (.gemini, .expired, .expired),
        (.gemini, .noCredit, .noCredit), (.gemini, .noScope, .missingScope), (.gigachat, .bad, .invalid),
        (.gigachat, .noCredit, .noCredit), (.gigachat, .noScope, .missingScope),
        (.yandexgpt, .bad, .invalid), (.yandexgpt, .expired, .expired), (.yandexgpt, .noScope, .missingScope),
        (.ollama, .bad, .invalid), (.ollama, .noScope, .missingScope),
    ]

    @Test(arguments: refusals) func `a refused key is called what the vendor calls it, without the key`(
        kind: ProviderKind, key: FakeKey, state: KeyState
    ) throws {
        let report = try run(kind, key).report
        #expect(report.state == state, "\(report.message)")
        #expect(!report.message.isEmpty)
        #expect(!"\(report)".contains(key.rawValue))
        #expect(report.proof.exists == (state != .invalid))
    }

    @Test func `what the vendor tells of a good key is kept`() throws {
        let openRouter = try run(.openrouter, .good).report.details
        #expect(openRouter.limitRemaining == KeyBalance(amount: "74.5", unit: "USD"))
        #expect(openRouter.expiresAt == InternetDate.parse("2027-12-31T23:59:59Z"))
        let deepSeek = try run(.deepseek, .good).report
        #expect(deepSeek.details.balances == [KeyBalance(amount: "110.00", unit: "CNY")].compactMap(\.self))
        #expect(deepSeek.proof.mayGenerate == true)
        let xAI = try run(.xai, .good).report.details
        #expect(xAI.scopes == ["api-key:model:*", "api-key:endpoint:*"])
        #expect(xAI.organisation == "team-fake")
        #expect(try run(.anthropic, .good).report.details.models.contains("ok"))
        #expect(try run(.openai, .good).report.proof.mayGenerate == nil)
        #expect(try run(.openai, .noScope).report.details.missingScopes == ["model.request"])
        #expect(try run(.openai, .noScope).report.code == .scopeMismatch)
    }

    @Test func `OpenRouter's public list of models is never asked for`() throws {
        #expect(try run(.openrouter, .good).requests.map(\.url) == ["http://fake.test/api/v1/key"])
    }

    @Test func `a key for another folder is good in the wrong place`() throws {
        let run = try ProbeRun(.yandexgpt, fake: YandexGPTFake(), secret: Secret("good-key"), folder: "other")
        #expect(run.report.state == .wrongRegionOrFolder)
        #expect(run.report.code == .permissionDenied)
    }

    @Test func `a server of one's own answers without a key, and shows nothing of one that is sent`() throws {
        let own = OllamaFake(isCloud: false)
        let without = try ProbeRun(.ollama, fake: own, secret: nil).report
        #expect(without.state == .valid)
        #expect(without.proof == KeyProof())
        let with = try ProbeRun(.ollama, fake: own, secret: Secret("any-key")).report
        #expect(with.state == .unknown)
    }

    @Test func `a public list of models shows nothing of a key`() throws {
        var open = OpenAIFake()
        open.dialect.listsModelsToAll = true
        let report = try ProbeRun(.openAICompatible, fake: open, secret: Secret("bad-key")).report
        #expect(report.state == .unknown)
        #expect(report.proof == KeyProof())
    }
}
