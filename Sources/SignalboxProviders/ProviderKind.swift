public import SignalboxCore

/// The kinds of provider that a configuration may name: one folder of this module each.
public enum ProviderKind: String, Sendable, CaseIterable {
    /// Anything that speaks OpenAI's chat completions. It has no default address: `base_url` is required.
    case openAICompatible = "openai-compatible"
    /// Replies from a script, without a network: for demonstrations and tests. Its models choose how it fails.
    case mock

    /// Where calls go when the configuration does not say; nil where it must (or where nothing is called).
    public var defaultBaseURL: String? {
        switch self {
        case .openAICompatible, .mock: nil
        }
    }

    public func adapter(settings: ProviderSettings) throws(ProviderSettingsError) -> any ProviderAdapter {
        switch self {
        case .openAICompatible:
            guard let baseURL = settings.baseURL ?? defaultBaseURL, !baseURL.isEmpty else {
                throw .baseURLMissing(kind: self)
            }
            return OpenAICompatibleAdapter(baseURL: baseURL)
        case .mock:
            return MockAdapter(settings: settings.mock)
        }
    }
}

/// What a configuration says of one provider, as far as its wire format is concerned.
public struct ProviderSettings: Sendable, Equatable {
    /// Such as `https://api.openai.com/v1`; a slash at the end is ignored.
    public var baseURL: String?
    /// Only for the `mock` kind.
    public var mock: MockSettings

    public init(baseURL: String? = nil, mock: MockSettings = MockSettings()) {
        self.baseURL = baseURL
        self.mock = mock
    }
}

public enum ProviderSettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    case baseURLMissing(kind: ProviderKind)

    public var description: String {
        switch self {
        case .baseURLMissing(let kind): "a provider of kind \(kind.rawValue) needs a base_url"
        }
    }
}
