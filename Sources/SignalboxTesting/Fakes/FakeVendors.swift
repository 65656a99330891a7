public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where a new kind has no fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: nil
        case .gemini: GeminiFake()
        case .gigachat: GigaChatFake()
        case .yandexgpt: YandexGPTFake()
        case .ollama: OllamaFake()
        case .anthropic: nil
        case .mock: MockFake()
        }
    }

    /// Every kind that has a fake, in the order of ``SignalboxProviders/ProviderKind``.
    public static var all: [(kind: ProviderKind, fake: any FakeVendor)] {
        ProviderKind.allCases.compactMap { kind in fake(of: kind).map { (kind, $0) } }
    }
}

extension FakeVendors {
    /// What the vendor of that kind can do at all.
    public static func capabilities(of kind: ProviderKind) -> ProviderConformance.Capabilities {
        var capabilities = ProviderConformance.Capabilities()
        switch kind {
        case .openai, .openAICompatible: capabilities.streamUsageUnasked = false
        case .anthropic, .gemini, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter,
            .together, .ollama:
            break
        case .gigachat:
            // Images are files there, sent beforehand; and it has schemas, but no word for JSON alone.
            capabilities.imagesByURL = false
            capabilities.inlineImages = false
            capabilities.jsonObjects = false
        case .yandexgpt:
            capabilities.imagesByURL = false
            capabilities.inlineImages = false
            capabilities.embeddedTextsMax = 1
            // It thinks, and keeps what it thought to itself.
            capabilities.reasoning = false
        case .mock:
            // It forwards what it is asked for without looking, and answers in text.
            capabilities.reasoning = false
            capabilities.streamUsageUnasked = false
        }
        return capabilities
    }
}
