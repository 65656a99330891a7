import SignalboxConfig
import SignalboxProviders

/// `gen_ai.provider.name`: the GenAI conventions' own word where they have one for the vendor, else the
/// provider's name in the configuration.
enum GenAIProviderName {
    static func of(_ provider: Configuration.Provider) -> String {
        let atAddress =
            provider.kind == .openAICompatible ? provider.baseURL.flatMap { vendor(at: $0.host) } : nil
        return provider.kind.conventionalName ?? atAddress ?? provider.name
    }

    /// Whoever speaks OpenAI's dialect at its own address.
    private static func vendor(at host: String) -> String? {
        vendors.first { host == $0.host || host.hasSuffix("." + $0.host) }?.name
    }

    private static let vendors: [(host: String, name: String)] = [
        ("openai.azure.com", "azure.ai.openai"),
        ("services.ai.azure.com", "azure.ai.inference"),
        ("openai.com", "openai"),
        ("anthropic.com", "anthropic"),
        ("cohere.com", "cohere"),
        ("cohere.ai", "cohere"),
        ("deepseek.com", "deepseek"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("groq.com", "groq"),
        ("mistral.ai", "mistral_ai"),
        ("moonshot.ai", "moonshot_ai"),
        ("moonshot.cn", "moonshot_ai"),
        ("perplexity.ai", "perplexity"),
        ("x.ai", "x_ai"),
    ]
}
