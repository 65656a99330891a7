public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where a new kind has no fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .groq: OpenAIFake(.groq)
        case .cerebras: OpenAIFake(.cerebras)
        case .mistral: OpenAIFake(.mistral)
        case .deepseek: OpenAIFake(.deepSeek)
        case .xai: OpenAIFake(.xAI)
        case .openrouter: OpenAIFake(.openRouter)
        case .together: OpenAIFake(.together)
        case .anthropic: AnthropicFake()
        case .gemini: nil
        case .gigachat: nil
        case .yandexgpt: nil
        case .ollama: nil
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
        case .openai, .openAICompatible: break
        case .anthropic: capabilities.jsonObjects = false
        case .gemini: break
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: break
        case .gigachat: break
        case .yandexgpt: break
        case .ollama: break
        case .mock:
            // It forwards what it is asked for without looking, and answers in text.
            capabilities.reasoning = false
            capabilities.streamUsageUnasked = false
        }
        return capabilities
    }
}
