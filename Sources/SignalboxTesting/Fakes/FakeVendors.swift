public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where a new kind has no fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .anthropic: AnthropicFake()
        case .gemini: GeminiFake()
        case .groq: OpenAIFake(.groq)
        case .cerebras: OpenAIFake(.cerebras)
        case .mistral: OpenAIFake(.mistral)
        case .deepseek: OpenAIFake(.deepSeek)
        case .xai: OpenAIFake(.xAI)
        case .openrouter: OpenAIFake(.openRouter)
        case .together: OpenAIFake(.together)
        case .gigachat: GigaChatFake()
        case .yandexgpt: YandexGPTFake()
        case .ollama: OllamaFake()
        case .mock: MockFake()
        // The embedding program's: CustomProviderConformance checks it.
        case .custom: nil
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
        case .openai, .openAICompatible, .gemini, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter,
            .together, .custom:
            break
        case .anthropic: capabilities.jsonObjects = false
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
        case .ollama: capabilities.imagesByURL = false
        case .mock:
            // It forwards what it is asked for without looking, and answers in text.
            capabilities.reasoning = false
            capabilities.streamUsageUnasked = false
        }
        return capabilities
    }
}
