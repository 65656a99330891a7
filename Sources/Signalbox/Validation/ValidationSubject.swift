import SignalboxConfig
import SignalboxCore
import SignalboxKeys
import SignalboxProviders

/// One key, and how it is asked about.
struct ValidationSubject: Sendable {
    /// The provider's name, or its kind.
    let provider: String
    let kind: ProviderKind
    let key: Secret?
    private let adapter: any ProviderAdapter
    private let headers: [(name: String, value: Secret)]
    /// Secrets that go beside the key.
    private let besides: [Secret]
    private let authorityFile: String?

    init(
        _ kind: ProviderKind, _ settings: ProviderSettings, key: Secret?, authorityFile: String?
    ) throws(ValidationMistake) {
        guard kind.isNetworked else { throw .noProvider(kind) }
        provider = kind.rawValue
        self.kind = kind
        self.key = key
        headers = []
        besides = []
        self.authorityFile = authorityFile
        adapter = try Self.adapter(kind, settings)
    }

    init(
        _ configured: Configuration.Provider, key: Secret?, scope: GigaChatScope?, folder: String?
    ) throws(ValidationMistake) {
        guard configured.kind.isNetworked else { throw .noProvider(configured.kind) }
        provider = configured.name
        kind = configured.kind
        self.key = key
        headers = configured.headers.map { ($0.name, $0.value) }
        besides = configured.headers.filter(\.isConfidential).map(\.value)
        authorityFile = configured.certificateAuthorityFile
        var settings = configured.adapterSettings
        if let scope { settings.scope = scope }
        if let folder { settings.folder = folder }
        adapter = try Self.adapter(kind, settings)
    }

    private static func adapter(
        _ kind: ProviderKind, _ settings: ProviderSettings
    ) throws(ValidationMistake) -> any ProviderAdapter {
        do throws(ProviderSettingsError) {
            return try kind.adapter(settings: settings)
        } catch {
            throw ValidationMistake(error)
        }
    }

    func question(_ models: [String], timeout: Duration) -> KeyQuestion {
        question(timeout: timeout) { [adapter, key] in adapter.probe(key, models: models) }
    }

    /// Nil where this vendor's list is all there is to ask.
    func question(after model: String, timeout: Duration) -> KeyQuestion? {
        guard adapter.modelProbe(key, model: model) != nil else { return nil }
        return question(timeout: timeout) { [adapter, key] in adapter.modelProbe(key, model: model) }
    }

    private func question(
        timeout: Duration, _ probe: @escaping @Sendable () -> (any KeyProbe)?
    ) -> KeyQuestion {
        let redaction = KeyRedaction([key] + besides)
        return KeyQuestion(headers: headers, authorityFile: authorityFile, timeout: timeout) {
            probe().map { CleanProbe($0, redaction) }
        }
    }
}
