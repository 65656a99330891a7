import SignalboxCore
import SignalboxProviders

/// Whether a key may name a model, as far as the provider says so without a call.
public struct ModelStanding: Sendable, Hashable {
    public enum Access: String, Sendable, Hashable, CaseIterable {
        /// The provider lists it to this key, or knows it when asked by its name.
        case listed
        /// It does not, or says that this key may not.
        case notListed = "not_listed"
        /// There is no way to ask, or nothing was learnt.
        case notTold = "not_told"
    }

    public var model: String
    public var access: Access
    /// For people; nil where the list has told. Never contains the key.
    public var message: String?

    public init(model: String, access: Access, message: String? = nil) {
        self.model = model
        self.access = access
        self.message = message
    }
}

extension ModelStanding {
    /// From what the vendor said when it was asked by the model's name.
    init(_ model: String, _ report: KeyReport) {
        self.model = model
        message = report.message
        access =
            if report.details.models.contains(model) {
                .listed
            } else if !report.details.missingModels.isEmpty || report.state == .missingScope {
                .notListed
            } else {
                .notTold
            }
    }

    /// What the list of models that came with a good verdict says; nil where it leaves the model open.
    static func listed(_ model: String, in report: KeyReport, of kind: ProviderKind) -> Bool {
        report.details.models.contains { isSame($0, model, kind) }
    }

    /// Vendors list their models under longer names than callers use.
    private static func isSame(_ listed: String, _ model: String, _ kind: ProviderKind) -> Bool {
        if listed == model { return true }
        switch kind {
        case .gemini: return listed == "models/" + model
        case .ollama: return listed == model + ":latest"
        case .yandexgpt: return bare(listed) == bare(model)
        case .openai, .anthropic, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter, .together,
            .gigachat, .openAICompatible, .mock, .custom:
            return false
        }
    }

    /// `gpt://<folder>/yandexgpt/latest` is `yandexgpt`.
    private static func bare(_ uri: String) -> Substring {
        var name = Substring(uri)
        if let scheme = name.firstRange(of: "://") {
            name = name[scheme.upperBound...].drop { $0 != "/" }.dropFirst()
        }
        return name.hasSuffix("/latest") ? name.dropLast("/latest".count) : name
    }
}
