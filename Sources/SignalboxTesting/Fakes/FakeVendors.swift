public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where a new kind has no fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .anthropic: AnthropicFake()
        case .gemini: GeminiFake()
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: nil
        case .gigachat: nil
        case .yandexgpt: nil
        case .ollama: OllamaFake()
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
        case .anthropic: capabilities.jsonObjects = false
        case .gemini: break
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: break
        case .gigachat: break
        case .yandexgpt: break
        case .ollama: capabilities.imagesByURL = false
        case .mock:
            // It forwards what it is asked for without looking, and answers in text.
            capabilities.reasoning = false
            capabilities.streamUsageUnasked = false
        }
        return capabilities
    }
}
