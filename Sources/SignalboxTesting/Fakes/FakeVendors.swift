public import SignalboxProviders

/// The fake of each kind of vendor.
public enum FakeVendors {
    /// Nil where there is none: the kind `mock` needs no network, and a new kind may not have its fake yet.
    public static func fake(of kind: ProviderKind) -> (any FakeVendor)? {
        switch kind {
        case .openai, .openAICompatible: OpenAIFake()
        case .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together: nil
        case .gemini: GeminiFake()
        case .ollama: OllamaFake()
        case .anthropic, .gigachat, .yandexgpt: nil
        case .mock: nil
        }
    }

    /// Every kind that has a fake, in the order of ``SignalboxProviders/ProviderKind``.
    public static var all: [(kind: ProviderKind, fake: any FakeVendor)] {
        ProviderKind.allCases.compactMap { kind in fake(of: kind).map { (kind, $0) } }
    }
}
