import SignalboxConfig

/// A working directory and an environment that exist only in a test.
struct Desk {
    var files: [String: String] = [:]
    var environment: [String: String] = [:]

    static let provider = "providers: [{name: a, kind: mock, models: [m, n/o]}]"

    /// In two currencies, for the model of ``provider``.
    static let prices = """
        prices:
          - {provider: a, model: m, currency: USD, valid_from: 2024-01-01, input: 1, output: 2}
          - {provider: a, model: n/o, currency: RUB, valid_from: 2024-01-01, input: 1, output: 2}
        """
    /// 24 bytes.
    static let webhookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1u"

    init(_ yaml: String? = nil, environment: [String: String] = [:], files: [String: String] = [:]) {
        self.environment = environment
        self.files = files
        if let yaml { self.files["signalbox.yaml"] = yaml }
    }

    func load(path: String? = nil) throws(ConfigurationMistakes) -> Configuration {
        let files = files
        let read: ConfigurationLoader.FileReading = { path, bytesMax throws(UnreadableFile) in
            guard let text = files[path] else { throw .missing }
            guard text.utf8.count <= bytesMax else { throw .tooLarge }
            return Array(text.utf8)
        }
        return try ConfigurationLoader(environment: environment, reading: read).load(path: path)
    }

    /// The mistakes as they are printed; empty where there are none.
    func mistakes() -> [String] {
        do {
            _ = try load()
            return []
        } catch {
            return error.mistakes.map(\.description)
        }
    }
}
