import SignalboxConfig
import Testing

@Suite struct PriceTests {
    /// What `input` means in billionths, as the file and its description have it.
    private func read(_ input: String) throws -> (price: Int?, description: Substring?) {
        let models = "[{name: m, context_window: 8, price: {input: \(input), output: 0, currency: EUR}}]"
        let loaded = try Desk("providers: [{name: a, kind: mock, models: \(models)}]").load()
        let model = try #require(loaded.providers.first?.models.first)
        #expect(model.contextWindow == 8)
        #expect(model.price?.outputNanoPerMillion == 0)
        let line = loaded.describe().split(separator: "\n").first { $0.contains("input:") }
        return (model.price?.inputNanoPerMillion, line?.split(separator: " ").last)
    }

    @Test(arguments: [
        ("0", 0, "0"), ("0.15", 150_000_000, "0.15"), ("00.150", 150_000_000, "0.15"),
        ("0.000000001", 1, "0.000000001"), ("3", 3_000_000_000, "3"), ("10.0", 10_000_000_000, "10"),
        ("99999999.999999999", 99_999_999_999_999_999, "99999999.999999999"),
        ("100000000", 100_000_000_000_000_000, "100000000"),
    ])
    func `a price is kept exactly`(text: String, billionths: Int, description: String) throws {
        let found = try read(text)
        #expect(found.price == billionths)
        #expect(found.description.map(String.init) == description)
    }

    @Test(arguments: [
        "0.0000000001", "1e3", "-1", "+1", ".5", "5.", "1.2.3", "1,5", "0x1", "١", "100000000.000000001",
        "99999999999999999999", "9223372036.854775808",
    ])
    func `what is no price is refused`(text: String) {
        #expect(throws: ConfigurationMistakes.self) { try read("\"\(text)\"") }
    }
}
