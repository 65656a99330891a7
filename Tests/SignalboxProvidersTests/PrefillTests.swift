import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct PrefillTests {
    private func adapter(_ kind: ProviderKind) throws -> any ProviderAdapter {
        var settings = ProviderSettings(baseURL: "http://vendor")
        settings.folder = "folder"
        return try kind.adapter(settings: settings)
    }

    private let call = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"}],"seed":1}"#

    @Test func `only vendors that are known to go on are asked to`() throws {
        for kind in ProviderKind.allCases {
            let expected: Prefill =
                switch kind {
                case .gemini, .ollama, .mock: .continued
                case .mistral: .marked
                case .openai, .anthropic, .groq, .cerebras, .deepseek, .xai, .openrouter, .together,
                    .gigachat,
                    .yandexgpt, .openAICompatible, .custom:
                    .refused
                }
            #expect(try adapter(kind).prefill(model: "m") == expected, "\(kind)")
        }
    }

    @Test(arguments: [
        ("claude-3-5-haiku-latest", true), ("claude-sonnet-4-20250514", true), ("claude-sonnet-4-5", true),
        ("claude-opus-4-1-20250805", true), ("claude-haiku-4-5", true), ("claude-opus-4-6", false),
        ("claude-sonnet-4-6", false), ("claude-opus-4-7", false), ("claude-5", false),
    ])
    func `Claude takes a prefill up to 4.5`(model: String, accepts: Bool) throws {
        #expect(try adapter(.anthropic).prefill(model: model) == (accepts ? .continued : .refused))
    }

    @Test func `what was said becomes the last message, and nothing else changes`() throws {
        let longer = try #require(try ChatCall(text: call).continuing("He said \"so\"", .continued))
        #expect(
            String(decoding: longer.body, as: UTF8.self)
                == #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hello"},"#
                + #"{"role":"assistant","content":"He said \"so\""}],"seed":1}"#)
        #expect(longer.begun == "He said \"so\"" && longer.isStreaming)
    }

    @Test func `Mistral's message is marked`() throws {
        let longer = try #require(try ChatCall(text: call).continuing("so", .marked))
        let body = try JSONTree(parsing: try adapter(.mistral).encode(longer, model: "m"))
        #expect(body["messages"]?.elements?.last?["prefix"] == true)
    }

    @Test(arguments: [
        #"{"model":"m","stream":true,"n":2,"messages":[{"role":"user","content":"a"}]}"#,
        #"{"model":"m","stream":true,"messages":[{"role":"assistant","content":"a"}]}"#,
        #"{"model":"m","stream":true,"messages":[]}"#, #"{"model":"m","stream":true,"messages":"a"}"#,
        #"{"model":"m","stream":true}"#, #"{"model":"m","messages":[{"role":"user","content":"a"}]}"#,
    ])
    func `such a request cannot be gone on with`(text: String) throws {
        #expect(try ChatCall(text: text).continuing("so", .continued) == nil)
        #expect(try ChatCall(text: call).continuing("so", .refused) == nil)
    }

    @Test func `Anthropic, Gemini and Ollama are sent the words as the assistant's last turn`() throws {
        let longer = try #require(try ChatCall(text: call.without("seed")).continuing("so", .continued))
        let claude = try JSONTree(parsing: try adapter(.anthropic).encode(longer, model: "claude-haiku-4-5"))
        #expect(claude["messages"]?.elements?.last?["role"] == "assistant")
        #expect(claude["messages"]?.elements?.last?["content"]?.elements?.first?["text"] == "so")
        let gemini = try JSONTree(parsing: try adapter(.gemini).encode(longer, model: "gemini-2.5-pro"))
        #expect(gemini["contents"]?.elements?.last?["role"] == "model")
        let llama = try JSONTree(parsing: try adapter(.ollama).encode(longer, model: "llama3"))
        #expect(llama["messages"]?.elements?.last?["role"] == "assistant")
        #expect(llama["messages"]?.elements?.last?["content"] == "so")
    }
}

extension String {
    /// A number's member taken out.
    fileprivate func without(_ name: String) -> String {
        replacing(#","\#(name)":1"#, with: "")
    }
}
