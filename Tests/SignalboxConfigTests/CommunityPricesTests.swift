import SignalboxConfig
import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct CommunityPricesTests {
    private static let day = WallTime(nanosecondsSince1970: 1_769_817_600_000_000_000)

    private func convert(_ json: String) throws -> CommunityPrices {
        try #require(try CommunityPrices(Array(json.utf8), validFrom: Self.day))
    }

    /// One chat model of OpenAI's.
    private func model(_ facts: String, provider: String = "openai", mode: String = "chat") -> String {
        #"{"litellm_provider": "\#(provider)", "mode": "\#(mode)", \#(facts)}"#
    }

    private func refusal(_ facts: String, provider: String = "openai", mode: String = "chat") throws
        -> String?
    {
        let converted = try convert(#"{"m": \#(model(facts, provider: provider, mode: mode))}"#)
        #expect(converted.count == 0)
        return converted.skipped.first?.text
    }

    @Test func `every field becomes its rate, exactly`() throws {
        let facts = """
            "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6E-7,
            "cache_read_input_token_cost": 0.000000075, "cache_creation_input_token_cost": 1.875e-7,
            "output_cost_per_reasoning_token": 1e-06, "max_tokens": 8192
            """
        let converted = try convert(#"{"groq/a:b": \#(model(facts, provider: "groq"))}"#)
        let lines = converted.yaml.split(separator: "\n")
        #expect(lines.prefix(2) == ["# US dollars for a million tokens.", "prices:"])
        let rates = "input: 0.15, output: 0.6, cached_input: 0.075, cache_write: 0.1875, reasoning: 1"
        let subject = "kind: groq, model: \"a:b\", currency: USD, valid_from: 2026-01-31"
        #expect(lines.dropFirst(2) == ["  - {\(subject), \(rates)}"])
        #expect(converted.skipped.isEmpty)
        let read = try Desk("\(Desk.provider)\nprices: {file: p}", files: ["p": converted.yaml]).load()
        #expect(read.prices?.book.entries.count == 1)
    }

    @Test func `what is no price by tokens is left out, with the reason`() throws {
        let both = #""input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6"#
        #expect(try refusal(both, provider: "bedrock")?.contains("bedrock") == true)
        #expect(try refusal(both, mode: "image_generation")?.contains("image_generation") == true)
        #expect(try refusal(#""output_cost_per_token": 1e-6"#)?.contains("no price for a token") == true)
        #expect(try refusal(#""input_cost_per_token": 1e-6"#)?.contains("its answer") == true)
        let free = #""input_cost_per_token": 0, "output_cost_per_token": 0.0"#
        #expect(try refusal(free)?.contains("costs 0") == true)
        #expect(try convert(#"{"m": 1}"#).skipped.count == 1)
    }

    @Test(arguments: ["-1e-6", "1.23456789e-9", "\"1e-6\"", "101", "1e-99999", "1e9999", "true"])
    func `an amount that cannot be said exactly is left out, never rounded`(amount: String) throws {
        let facts = #""input_cost_per_token": \#(amount), "output_cost_per_token": 1e-6"#
        #expect(try refusal(facts)?.contains("input_cost_per_token") == true)
    }

    @Test func `an embedding has no answer to pay`() throws {
        let converted = try convert(
            #"{"e": \#(model(#""input_cost_per_token": 2e-8"#, mode: "embedding"))}"#)
        #expect(converted.yaml.contains("input: 0.02, output: 0}"))
    }

    @Test func `one model under two names is taken once, and tiers that are lost are told`() throws {
        let facts = """
            "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6,
            "input_cost_per_token_above_200k_tokens": 2e-6
            """
        let both = model(facts, provider: "gemini")
        let converted = try convert(#"{"gemini/m": \#(both), "m": \#(both)}"#)
        #expect(converted.count == 1)
        #expect(converted.skipped.map(\.model) == ["m"])
        #expect(converted.partial.map(\.model) == ["gemini/m"])
        #expect(converted.partial.first?.text.contains("input_cost_per_token_above_200k_tokens") == true)
    }

    @Test func `a file without a price that can be taken is a file of none`() throws {
        let converted = try convert("{}")
        #expect(Desk("\(Desk.provider)\nprices: {file: p}", files: ["p": converted.yaml]).mistakes() == [])
        #expect(throws: JSONSyntaxError.self) { try CommunityPrices(Array("{".utf8), validFrom: Self.day) }
        #expect(try CommunityPrices(Array("[]".utf8), validFrom: Self.day) == nil)
    }
}
