import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxProviders
import SignalboxTelemetry
import Testing

@Suite(.timeLimit(.minutes(2))) struct GenAIMetricsTests {
    private func labels(_ model: String, answer: String) -> [String] {
        ["chat", "p0", model, answer, "", ""]
    }

    @Test func `an answer is one operation with its tokens`() throws {
        let test = try TestRouter(models: ["mock-normal"])
        try test.ask()
        let labels = labels("mock-normal", answer: "mock-normal")
        let durations = test.registry.histogram(Catalogue.genAIOperationDuration)
        #expect(durations.series(labels + [""]).count == 1)
        let usage = test.registry.histogram(Catalogue.genAITokenUsage)
        #expect(usage.series(labels + ["input"]).sum == 10)
        #expect(usage.series(labels + ["output"]).sum == 20)
        #expect(test.registry.histogram(Catalogue.genAITimeToFirstChunk).series(labels).count == 0)
        let tenants = test.registry.counter(Catalogue.tenantTokens)
        #expect(tenants.series("anonymous", "prompt").value == 10)
        #expect(tenants.series("anonymous", "completion").value == 20)
    }

    @Test func `a failure counts by its class, without a model that answered`() throws {
        let test = try TestRouter(models: ["mock-ratelimit"])
        try test.ask()
        let durations = test.registry.histogram(Catalogue.genAIOperationDuration)
        #expect(durations.series(labels("mock-ratelimit", answer: "") + ["rate_limited"]).count == 1)
        #expect(durations.series(labels("mock-ratelimit", answer: "mock-ratelimit") + [""]).count == 0)
    }

    @Test func `a stream is timed by its chunks`() throws {
        let test = try TestRouter(models: ["mock-normal"]) { $0.providers[0].mock?.chunks = 5 }
        try test.ask(stream: true)
        let labels = labels("mock-normal", answer: "mock-normal")
        #expect(test.registry.histogram(Catalogue.genAITimeToFirstChunk).series(labels).count == 1)
        // The role, five deltas, the finish and the usage: eight chunks, and seven steps between them.
        #expect(test.registry.histogram(Catalogue.genAITimePerOutputChunk).series(labels).count == 7)
    }

    @Test func `the unreleased names come in place of the others`() throws {
        let test = try TestRouter(models: ["mock-normal"]) { $0.metrics.conventions = .latest }
        try test.ask()
        var text: [UInt8] = []
        test.registry.renderText(into: &text)
        let scrape = String(decoding: text, as: UTF8.self)
        #expect(!scrape.contains("gen_ai_client_operation") && !scrape.contains("gen_ai_client_token_usage"))
        let labels = labels("mock-normal", answer: "mock-normal")
        #expect(test.registry.histogram(Catalogue.genAIInferenceDuration).series(labels + [""]).count == 1)
        #expect(test.registry.histogram(Catalogue.genAIInferenceInputTokens).series(labels).sum == 10)
        let input = test.registry.counter(Catalogue.genAIUsageInputTokens)
        #expect(input.series(labels + ["unknown"]).value == 10)
    }

    @Test func `a provider is called what the conventions call its vendor`() throws {
        let hosts = [
            ("https://api.openai.com/v1", "openai"), ("https://api.groq.com/openai/v1", "groq"),
            ("https://x.openai.azure.com/openai/v1", "azure.ai.openai"), ("https://api.x.ai/v1", "x_ai"),
            ("https://notx.ai/v1", "p0"), ("http://127.0.0.1:11434/v1", "p0"),
        ]
        for (url, name) in hosts {
            let test = try TestRouter(models: ["m"]) {
                $0.providers = [
                    Configuration.Provider(
                        name: "p0", kind: .openAICompatible, baseURL: BaseURL(url), models: ["m"])
                ]
            }
            var text: [UInt8] = []
            test.registry.renderText(into: &text)
            let scrape = String(decoding: text, as: UTF8.self)
            #expect(scrape.contains("gen_ai_provider_name=\"\(name)\""), "\(url)")
        }
    }
}
