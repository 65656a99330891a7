public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where a new kind has no fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: nil
        case .anthropic, .gemini, .gigachat, .yandexgpt, .ollama: nil
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
        case .openai, .openAICompatible: capabilities.streamUsageUnasked = false
        case .anthropic, .gemini, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter,
            .together,
            .gigachat, .yandexgpt, .ollama, .custom:
            break
        case .mock:
            // It forwards what it is asked for without looking, and answers in text.
            capabilities.reasoning = false
            capabilities.streamUsageUnasked = false
        }
        return capabilities
    }
}
