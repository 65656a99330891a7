import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct PriceBookTests {
    private func price(_ input: Int, from day: Int64) -> Price {
        Price(validFrom: Self.day(day), currency: "USD", rates: TokenRates(input: input, output: 0))
    }

    private static func day(_ number: Int64) -> WallTime {
        WallTime(nanosecondsSince1970: number * 86_400_000_000_000)
    }

    @Test func `the latest price that is not after the request's time holds`() {
        let history = PriceHistory([price(1, from: 10), price(3, from: 30), price(2, from: 20)])
        #expect(history.price(at: Self.day(19))?.rates.input == 1)
        #expect(history.price(at: Self.day(20))?.rates.input == 2)
        #expect(history.price(at: Self.day(29))?.rates.input == 2)
        #expect(history.price(at: Self.day(400))?.rates.input == 3)
    }

    @Test func `before the first price there is none`() {
        let history = PriceHistory([price(1, from: 10)])
        let justBefore = WallTime(nanosecondsSince1970: Self.day(10).nanosecondsSince1970 - 1)
        #expect(history.price(at: justBefore) == nil)
        #expect(history.price(at: Self.day(10)) != nil)
    }

    @Test func `a provider's own entries leave no room for those of its kind`() {
        let book = PriceBook(
            version: "1",
            [
                .init(.kind("openai"), model: "small", price(5, from: 30)),
                .init(.provider("ours"), model: "small", price(4, from: 10)),
                .init(.kind("openai"), model: "large", price(9, from: 10)),
            ])
        #expect(
            book.history(provider: "ours", kind: "openai", model: "small")?.prices == [price(4, from: 10)])
        #expect(
            book.history(provider: "ours", kind: "openai", model: "large")?.prices == [price(9, from: 10)])
        #expect(
            book.history(provider: "other", kind: "openai", model: "small")?.prices == [price(5, from: 30)])
    }

    @Test func `a model that nobody has priced has no history, and a kind is not a name`() {
        let book = PriceBook(version: "1", [.init(.kind("groq"), model: "small", price(5, from: 0))])
        #expect(book.history(provider: "groq", kind: "openai", model: "small") == nil)
        #expect(book.history(provider: "groq", kind: "groq", model: "smaller") == nil)
    }

    @Test func `a version made of content is FNV-1a in hexadecimal, and another for other content`() {
        #expect(PriceBook.version(of: []) == "cbf29ce484222325")
        #expect(PriceBook.version(of: Array("a".utf8)) == "af63dc4c8601ec8c")
        #expect(PriceBook.version(of: Array("b".utf8)) != PriceBook.version(of: Array("a".utf8)))
    }

    @Test(arguments: [
        (0, "0"), (1, "0.000000001"), (150_000, "0.00015"), (1_500_000_000, "1.5"),
        (-2_000_000_001, "-2.000000001"), (Int128(Int.max) * 10_000_000_000, "92233720368547758070"),
    ])
    func `an amount is written exactly, without zeros at the end`(nano: Int128, text: String) {
        #expect(Money(nano: nano, currency: "USD").decimal == text)
    }
}
