import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct TokenRatesTests {
    private static let billion = 1_000_000_000
    /// Dollars for a million: 2.50, 10, 1.25 from the cache, 3.125 into it, 12 for thoughts.
    private let rates = TokenRates(
        input: 2_500_000_000, output: 10 * billion, cachedInput: 1_250_000_000, cacheWrite: 3_125_000_000,
        reasoning: 12 * billion)

    @Test func `prompt and answer cost their rates`() {
        let usage = TokenUsage(promptTokens: 1_000_000, completionTokens: 500_000)
        #expect(rates.nano(for: usage) == 7_500_000_000)
    }

    @Test func `cached, written and reasoning tokens are priced instead, never on top`() {
        let usage = TokenUsage(
            promptTokens: 1_000, completionTokens: 100, cachedTokens: 600, cacheWriteTokens: 300,
            reasoningTokens: 40)
        // 100 × 2.5 + 600 × 1.25 + 300 × 3.125 + 60 × 10 + 40 × 12 = 3,017.5 dollars for a million
        #expect(rates.nano(for: usage) == 3_017_500)
    }

    @Test func `without rates of their own they cost what the rest of the prompt and the answer costs`() {
        let plain = TokenRates(input: 3 * Self.billion, output: 15 * Self.billion)
        let detailed = TokenUsage(
            promptTokens: 900, completionTokens: 80, cachedTokens: 500, cacheWriteTokens: 100,
            reasoningTokens: 79)
        let whole = TokenUsage(promptTokens: 900, completionTokens: 80)
        #expect(plain.nano(for: detailed) == plain.nano(for: whole))
    }

    @Test func `a part that is larger than its whole is believed up to it, the cached tokens first`() {
        let odd = TokenUsage(
            promptTokens: 10, completionTokens: 3, cachedTokens: 8, cacheWriteTokens: 8, reasoningTokens: 99)
        let even = TokenUsage(
            promptTokens: 10, completionTokens: 3, cachedTokens: 8, cacheWriteTokens: 2, reasoningTokens: 3)
        #expect(rates.nano(for: odd) == rates.nano(for: even))
    }

    @Test func `halves are rounded up, once for all sorts together`() {
        // A quarter of a billionth for a token.
        let tiny = TokenRates(input: 250_000, output: 250_000)
        func nano(_ prompt: Int, _ completion: Int) -> Int128 {
            tiny.nano(for: TokenUsage(promptTokens: prompt, completionTokens: completion))
        }
        #expect(nano(1, 0) == 0)
        #expect(nano(1, 1) == 1)
        #expect(nano(3, 2) == 1)
        #expect(nano(3, 3) == 2)
    }

    @Test func `the dearest rate times any count is exact`() {
        let most = TokenRates(input: TokenRates.nanoPerMillionMax, output: TokenRates.nanoPerMillionMax)
        let usage = TokenUsage(
            promptTokens: TokenUsage.countMax, completionTokens: TokenUsage.countMax)
        // 2 × 10^12 tokens at 10^17 billionths for 10^6.
        #expect(most.nano(for: usage) == 200_000_000_000 * Int128(TokenRates.nanoPerMillionMax) / 100_000)
        let all = TokenUsage(
            promptTokens: .max, completionTokens: .max, cachedTokens: .max, cacheWriteTokens: .max,
            reasoningTokens: .max)
        #expect(most.nano(for: all) == 2 * Int128(Int.max) * 100_000_000_000)
    }

    @Test func `negative counts are none`() {
        let usage = TokenUsage(
            promptTokens: -5, completionTokens: -7, cachedTokens: -1, cacheWriteTokens: .min,
            reasoningTokens: -3)
        #expect(rates.nano(for: usage) == 0)
    }

    @Test(arguments: 1...200)
    func `however usage is split, the exact sums agree and the rounded ones by half a billionth a part`(
        seed: Int
    ) {
        var random = Dice(random: FastRandom(seed: UInt64(seed)))
        let rates = random.rates()
        let parts = (0..<(1 + random.below(9))).map { _ in random.usage() }
        let whole = parts.reduce(into: TokenUsage(promptTokens: 0, completionTokens: 0)) { sum, part in
            sum.promptTokens += part.promptTokens
            sum.completionTokens += part.completionTokens
            sum.cachedTokens += part.cachedTokens
            sum.cacheWriteTokens += part.cacheWriteTokens
            sum.reasoningTokens += part.reasoningTokens
        }
        let exact = parts.reduce(Int128(0)) { $0 + rates.millionths(for: $1) }
        #expect(exact == rates.millionths(for: whole))
        for part in parts + [whole] {
            #expect(rates.nano(for: part) == (rates.millionths(for: part) + 500_000) / 1_000_000)
        }
        let rounded = parts.reduce(Int128(0)) { $0 + rates.nano(for: $1) }
        let gap = (rounded - rates.nano(for: whole)).magnitude
        #expect(gap * 2 <= UInt128(parts.count + 1))
    }

    @Test(arguments: 1...200)
    func `a token more of the prompt or the answer never costs less, and nothing costs less than nothing`(
        seed: Int
    ) {
        var random = Dice(random: FastRandom(seed: UInt64(seed)))
        let rates = random.rates()
        // Parts that exceed their wholes included.
        let usage = TokenUsage(
            promptTokens: random.below(50), completionTokens: random.below(50),
            cachedTokens: random.below(50), cacheWriteTokens: random.below(50),
            reasoningTokens: random.below(50))
        var (longer, chattier) = (usage, usage)
        longer.promptTokens += 1
        chattier.completionTokens += 1
        #expect(rates.millionths(for: usage) >= 0)
        #expect(rates.nano(for: longer) >= rates.nano(for: usage))
        #expect(rates.nano(for: chattier) >= rates.nano(for: usage))
    }
}

/// Rates and counts of every size, the same for the same seed.
private struct Dice {
    var random: FastRandom

    mutating func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// As often small as large.
    mutating func rate() -> Int {
        below(TokenRates.nanoPerMillionMax >> below(56) + 1)
    }

    mutating func rates() -> TokenRates {
        TokenRates(
            input: rate(), output: rate(), cachedInput: below(2) == 0 ? nil : rate(),
            cacheWrite: below(2) == 0 ? nil : rate(), reasoning: below(2) == 0 ? nil : rate())
    }

    mutating func usage() -> TokenUsage {
        let prompt = below(TokenUsage.countMax >> below(40) + 1)
        let completion = below(TokenUsage.countMax >> below(40) + 1)
        let cached = below(prompt + 1)
        return TokenUsage(
            promptTokens: prompt, completionTokens: completion, cachedTokens: cached,
            cacheWriteTokens: below(prompt - cached + 1), reasoningTokens: below(completion + 1))
    }
}
