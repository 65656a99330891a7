import SignalboxCore
import SignalboxProviders
import SignalboxTesting

/// One kind's adapter, and realistic bytes for it: what its fake vendor answers, or where it has none what
/// OpenAI's does.
struct FuzzSubject: Sendable {
    struct Sample: Sendable {
        let call: ChatCall
        let status: Int
        let headers: [String: String]
        let body: [UInt8]
    }

    let kind: ProviderKind
    let suite: ProviderConformance
    /// Whole replies, errors too.
    let replies: [Sample]
    let streams: [Sample]
    /// Nil where the kind has no embeddings, or reads them as another does.
    let embeddings: Sample?
    let textsEmbedded: Int

    static let all: [FuzzSubject] = ProviderKind.allCases.compactMap(FuzzSubject.init)

    static var leftOut: [ProviderKind] {
        ProviderKind.allCases.filter { kind in !all.contains { $0.kind == kind } }
    }

    /// Nil where the kind has no adapter yet.
    init?(_ kind: ProviderKind) {
        let fake = FakeVendors.fake(of: kind) ?? OpenAIFake()
        do {
            suite = try ProviderConformance(fake: fake) {
                var settings = ProviderSettings(baseURL: $0, mock: MockFake.settings)
                settings.tokenURL = $0.replacing(fake.basePath, with: GigaChatFake.tokenPath)
                settings.folder = YandexGPTFake.folder
                return try kind.adapter(settings: settings)
            }
        } catch {
            return nil
        }
        self.kind = kind
        let asked = Self.suite(sending: fake, else: suite)
        let calls = fake.models.map { ConformanceCall.text($0) } + [.tools(isStreaming: false)]
        replies = calls.compactMap { Self.sample($0, asked) }
        streams = calls.compactMap { call in
            var call = call
            call.isStreaming = true
            return Self.sample(call, asked)
        }
        let isAnothers = suite.adapter is OpenAICompatibleAdapter && kind != .openAICompatible
        textsEmbedded = FakeVendors.capabilities(of: kind).embeddedTextsMax
        embeddings = isAnothers ? nil : Self.embeddings(of: textsEmbedded, suite)
    }

    private static func embeddings(of textCount: Int, _ suite: ProviderConformance) -> Sample? {
        do throws(UpstreamFailure) {
            let texts = (0..<textCount).map { "text \($0)" }
            let call = try ConformanceCall.embeddings(of: texts)
            guard suite.adapter.target(.embeddings, model: "m", key: nil) != nil else { return nil }
            return sample(call, try suite.send(call, to: suite.fake.name(of: .ok), key: .good))
        } catch {
            return nil
        }
    }

    /// Who calls the fake: this kind's own adapter, unless the fake is only borrowed.
    private static func suite(
        sending fake: any FakeVendor, else own: ProviderConformance
    ) -> ProviderConformance {
        guard fake is OpenAIFake else { return own }
        return ProviderConformance(fake: fake) { OpenAICompatibleAdapter(baseURL: $0) }
    }

    private static func sample(_ asked: ConformanceCall, _ suite: ProviderConformance) -> Sample? {
        let call: ChatCall
        let script: ReplyScript
        do throws(UpstreamFailure) {
            call = try asked.made()
            script = try suite.send(call, to: suite.fake.name(of: asked.model), key: .good)
        } catch {
            return nil
        }
        return sample(call, script)
    }

    private static func sample(_ call: ChatCall, _ script: ReplyScript) -> Sample {
        var (status, headers, body) = (0, [String: String](), [UInt8]())
        for step in script.steps {
            switch step {
            case .head(let number, let fields): (status, headers) = (number, fields)
            case .bytes(let bytes): body += bytes
            case .wait, .cut, .stall: break
            }
        }
        return Sample(call: call, status: status, headers: headers, body: body)
    }
}
