import SignalboxCore
import SignalboxProviders

// What only one kind of provider knows.
extension ConfigurationReading {
    func readVendor(_ kind: ProviderKind, _ section: Section, into provider: inout Configuration.Provider) {
        let owners: [(key: String, kind: ProviderKind)] = [
            ("scope", .gigachat), ("auth_url", .gigachat), ("folder", .yandexgpt), ("auth", .yandexgpt),
        ]
        for owner in owners where owner.kind != kind {
            section[owner.key]?.refuse("belongs to the kind \(owner.kind.rawValue)", "remove it")
        }
        switch kind {
        case .gigachat:
            section.set(&provider.scope, "scope") { $0.choice("scope") }
            provider.tokenURL = section["auth_url"]?.baseURL()
        case .yandexgpt:
            let remedy = "write folder: and the id of the folder that pays"
            provider.folder = section.required("folder", remedy: remedy)?.folder()
            if let field = section["auth"] { provider.authentication = field.choice("way to authenticate") }
        case .openai, .anthropic, .gemini, .groq, .cerebras, .mistral, .deepseek, .xai, .openrouter,
            .together, .ollama, .openAICompatible, .mock, .custom:
            break
        }
    }
}

extension Field {
    /// An id: it stands in addresses and headers as it is.
    fileprivate func folder() -> String? {
        guard let text = name(bytesMax: 100) else { return nil }
        let isID = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || (0x30...0x39).contains(byte)
                || byte == 0x5F || byte == 0x2D
        }
        guard text.utf8.allSatisfy(isID) else {
            refuse("\(Spelling.quoted(text)) is no folder id", "write it like b1gxxxxxxxxxxxxxxxxx")
            return nil
        }
        return text
    }
}
