import SignalboxCore
import SignalboxProviders
import Testing

@testable import SignalboxConfig

@Suite struct EnvironmentProviderTests {
    @Test func `every vendor's key variable makes its provider, at the vendor's own address`() throws {
        let names = EnvironmentProvider.all.map(\.name)
        #expect(
            names == [
                "openai", "anthropic", "gemini", "groq", "cerebras", "mistral", "deepseek", "xai",
                "openrouter", "together",
            ])
        let keys = EnvironmentProvider.all.map { ($0.keyPrefix + "0", "key-of-\($0.name)") }
        let loaded = try Desk(environment: Dictionary(uniqueKeysWithValues: keys)).load()
        #expect(loaded.providers.map(\.name) == names)
        for provider in loaded.providers {
            #expect(provider.kind.rawValue == provider.name)
            #expect(provider.keys.map { $0.secret.reveal() } == ["key-of-\(provider.name)"])
            #expect(provider.baseURL?.text == provider.kind.defaultBaseURL)
        }
        #expect(
            loaded.route(for: "openai/gpt-oss-120b")?.targets.map(\.provider) == ["groq", "together"])
    }
}
