public import SignalboxCore

/// The kinds of provider that a configuration may name.
///
/// A vendor with a wire format of its own has a folder of that name in this module; those that speak OpenAI's
/// share one and differ by a row of facts.
public enum ProviderKind: String, Sendable, CaseIterable {
    case openai
    case anthropic
    case gemini
    case groq
    case cerebras
    case mistral
    case deepseek
    case xai
    case openrouter
    case together
    case gigachat
    case yandexgpt
    case ollama
    /// Anything that speaks OpenAI's chat completions. It has no default address: `base_url` is required.
    case openAICompatible = "openai-compatible"
    /// Replies from a script, without a network: for demonstrations and tests. Its models choose how it
    /// fails.
    case mock
    /// Called by the embedding program itself: ``CustomProvider``.
    case custom

    /// Where calls go when the configuration does not say; nil where it must (or where nothing is called).
    public var defaultBaseURL: String? {
        switch self {
        case .openai: "https://api.openai.com/v1"
        case .anthropic: "https://api.anthropic.com/v1"
        case .gemini: "https://generativelanguage.googleapis.com/v1beta"
        case .groq: "https://api.groq.com/openai/v1"
        case .cerebras: "https://api.cerebras.ai/v1"
        case .mistral: "https://api.mistral.ai/v1"
        case .deepseek: "https://api.deepseek.com"
        case .xai: "https://api.x.ai/v1"
        case .openrouter: "https://openrouter.ai/api/v1"
        case .together: "https://api.together.xyz/v1"
        case .gigachat: "https://gigachat.devices.sberbank.ru/api/v1"
        case .yandexgpt: "https://llm.api.cloud.yandex.net/foundationModels/v1"
        case .ollama: "http://localhost:11434"
        case .openAICompatible, .mock, .custom: nil
        }
    }

    /// Whether the vendor counts its rate limits for each model apart, so that another model may still answer
    /// with the same key.
    public var limitIsPerModel: Bool {
        switch self {
        case .openai, .anthropic, .gemini, .groq, .cerebras, .mistral, .xai, .openrouter, .together: true
        case .deepseek, .gigachat, .yandexgpt, .ollama, .openAICompatible, .mock, .custom: false
        }
    }

    /// Whether calls go over a network of ours.
    public var isNetworked: Bool { self != .mock && self != .custom }

    /// `gen_ai.provider.name` as the GenAI conventions (v1.41) spell it; nil where they have no word for it.
    public var conventionalName: String? {
        switch self {
        case .openai: "openai"
        case .anthropic: "anthropic"
        case .gemini: "gcp.gemini"
        case .groq: "groq"
        case .mistral: "mistral_ai"
        case .deepseek: "deepseek"
        case .xai: "x_ai"
        case .cerebras, .openrouter, .together, .gigachat, .yandexgpt, .ollama, .openAICompatible, .mock,
            .custom:
            nil
        }
    }

    public func adapter(settings: ProviderSettings) throws(ProviderSettingsError) -> any ProviderAdapter {
        switch self {
        case .mock: return MockAdapter(settings: settings.mock)
        case .custom: return CustomAdapter()
        case .openai, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together, .openAICompatible:
            let baseURL = try baseURL(settings)
            guard let dialect = OpenAIDialect(self, baseURL: baseURL) else { throw .notBuilt(kind: self) }
            return OpenAICompatibleAdapter(
                baseURL: baseURL, dialect: dialect, dropsUnsupported: settings.dropsUnsupported)
        case .anthropic:
            return AnthropicAdapter(
                baseURL: try baseURL(settings), dropsUnsupported: settings.dropsUnsupported)
        case .gemini:
            return GeminiAdapter(
                baseURL: try baseURL(settings), dropsUnsupported: settings.dropsUnsupported)
        case .gigachat:
            return GigaChatAdapter(
                baseURL: try baseURL(settings),
                tokenURL: settings.tokenURL ?? GigaChatAdapter.defaultTokenURL,
                scope: settings.scope, dropsUnsupported: settings.dropsUnsupported)
        case .yandexgpt:
            guard let folder = settings.folder, !folder.isEmpty else { throw .folderMissing(kind: self) }
            return YandexGPTAdapter(
                baseURL: try baseURL(settings), folder: folder, authentication: settings.authentication,
                dropsUnsupported: settings.dropsUnsupported)
        case .ollama:
            return OllamaAdapter(
                baseURL: try baseURL(settings), dropsUnsupported: settings.dropsUnsupported)
        }
    }

    private func baseURL(_ settings: ProviderSettings) throws(ProviderSettingsError) -> String {
        guard let baseURL = settings.baseURL ?? defaultBaseURL, !baseURL.isEmpty else {
            throw .baseURLMissing(kind: self)
        }
        return baseURL
    }
}

/// What a configuration says of one provider, as far as its wire format is concerned.
public struct ProviderSettings: Sendable, Equatable {
    /// Such as `https://api.openai.com/v1`; a slash at the end is ignored.
    public var baseURL: String?
    /// Leave out what the vendor cannot express, instead of refusing the request.
    public var dropsUnsupported = false
    /// Only for the `mock` kind.
    public var mock: MockSettings
    /// Where tokens are asked for, where the vendor has them; nil for the vendor's own address.
    public var tokenURL: String?
    /// Only for `gigachat`.
    public var scope = GigaChatScope.auto
    /// Whose folder pays: required for `yandexgpt`, and only for it.
    public var folder: String?
    /// Only for `yandexgpt`; nil for what the key looks like.
    public var authentication: YandexGPTAuthentication?

    public init(baseURL: String? = nil, mock: MockSettings = MockSettings()) {
        self.baseURL = baseURL
        self.mock = mock
    }
}

public enum ProviderSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    case baseURLMissing(kind: ProviderKind)
    case folderMissing(kind: ProviderKind)
    case notBuilt(kind: ProviderKind)

    public var description: String {
        switch self {
        case .baseURLMissing(let kind): "a provider of kind \(kind.rawValue) needs a base_url"
        case .folderMissing(let kind): "a provider of kind \(kind.rawValue) needs a folder"
        case .notBuilt(let kind): "providers of kind \(kind.rawValue) are not built yet"
        }
    }
}
