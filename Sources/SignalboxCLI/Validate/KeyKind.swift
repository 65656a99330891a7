import ArgumentParser
import Signalbox
import SignalboxProviders

/// What a key may be for.
enum KeyKind {
    case provider(ProviderKind)
    /// No kind of provider: its keys are read.
    case bedrock

    private static let providers = ProviderKind.allCases.filter(\.isNetworked)

    /// For help and messages.
    static var list: String {
        (providers.map(\.rawValue) + [Validators.bedrock]).joined(separator: ", ")
    }

    /// - Throws: what does not repeat the name: it may be a key.
    init(_ name: String) throws {
        if name == Validators.bedrock {
            self = .bedrock
        } else if let kind = Self.providers.first(where: { $0.rawValue == name }) {
            self = .provider(kind)
        } else {
            throw ValidationError("No kind of key is called that; there are \(Self.list). \(KeyInput.remedy)")
        }
    }

    var name: String {
        switch self {
        case .provider(let kind): kind.rawValue
        case .bedrock: Validators.bedrock
        }
    }
}

/// What is known of a key besides, and where it is asked about.
struct KeyPlaceOptions: ParsableArguments {
    /// Text, as numbers are here: the parser's own complaint would repeat a key in its place.
    @Option(
        name: .customLong("scope"), help: "For gigachat: PERS, B2B, CORP or auto, which tries all of them.")
    var scopeName: String?

    @Option(help: "For yandexgpt: the folder that pays.")
    var folder: String?

    @Option(help: "Ask here, such as https://api.example.com/v1, and not at the provider's own address.")
    var baseUrl: String?

    @Option(help: "For gigachat: ask for tokens here.")
    var authUrl: String?

    @Option(help: "A PEM file of the certificate authorities to believe.")
    var caFile: String?

    var isGiven: Bool {
        scope != nil || folder != nil || baseUrl != nil || authUrl != nil || caFile != nil
    }

    func check(_ kind: KeyKind) throws {
        switch kind {
        case .provider(.gigachat): break
        case .provider, .bedrock:
            guard scope == nil, authUrl == nil else {
                throw ValidationError("--scope and --auth-url are for gigachat.")
            }
        }
        switch kind {
        case .provider(.yandexgpt):
            guard folder?.isEmpty == false else { throw ValidationError("yandexgpt needs a --folder.") }
        case .provider, .bedrock:
            guard folder == nil else { throw ValidationError("--folder is for yandexgpt.") }
        }
        if case .provider(.openAICompatible) = kind, baseUrl == nil {
            throw ValidationError("openai-compatible needs a --base-url.")
        }
        if case .bedrock = kind, isGiven {
            throw ValidationError("Nobody is asked about a key of bedrock: leave out where.")
        }
    }

    func validate() throws {
        guard scopeName == nil || scope != nil else {
            throw ValidationError("--scope takes PERS, B2B, CORP or auto.")
        }
    }

    var scope: GigaChatScope? { scopeName.flatMap(GigaChatScope.init) }
}
