public import SignalboxCore

/// What a million tokens of each sort cost, exactly: in billionths of a currency's unit.
public struct TokenRates: Sendable, Hashable {
    /// The highest rate: a hundred million units for a million tokens.
    public static let nanoPerMillionMax = 100_000_000 * 1_000_000_000

    /// Of the prompt.
    public let input: Int
    /// Of the answer.
    public let output: Int
    /// Of the prompt's tokens that the provider had kept. Without one of its own: ``input``.
    public let cachedInput: Int
    /// Of the prompt's tokens that the provider keeps from now on. Without one of its own: ``input``.
    public let cacheWrite: Int
    /// Of the answer's tokens that were thought and not said. Without one of its own: ``output``.
    public let reasoning: Int

    /// Every rate is from 0 to ``nanoPerMillionMax``.
    public init(
        input: Int, output: Int, cachedInput: Int? = nil, cacheWrite: Int? = nil, reasoning: Int? = nil
    ) {
        self.input = input
        self.output = output
        self.cachedInput = cachedInput ?? input
        self.cacheWrite = cacheWrite ?? input
        self.reasoning = reasoning ?? output
        for rate in [input, output, self.cachedInput, self.cacheWrite, self.reasoning] {
            precondition(0...Self.nanoPerMillionMax ~= rate, "a rate beyond its range")
        }
    }

    /// What these tokens cost, in billionths of the unit: all sorts are added up exactly, then divided once
    /// and rounded to the nearest, halves up.
    ///
    /// Cached, written and reasoning tokens are part of the prompt and the answer: they are priced instead,
    /// never on top. A provider that says more of them than there are tokens is believed up to the total, the
    /// cached ones first; a negative count is none.
    public func nano(for usage: TokenUsage) -> Int128 {
        (millionths(for: usage) + 500_000) / 1_000_000
    }

    /// The same before the division, in millionths of a billionth. Sums of it are exact.
    public func millionths(for usage: TokenUsage) -> Int128 {
        let prompt = max(0, usage.promptTokens)
        let cached = min(max(0, usage.cachedTokens), prompt)
        let written = min(max(0, usage.cacheWriteTokens), prompt - cached)
        let completion = max(0, usage.completionTokens)
        let reasoned = min(max(0, usage.reasoningTokens), completion)
        // The parts of each add up to an `Int`, so that the sum is below 2^64 · 10^17, well within 2^127.
        var sum = Self.product(prompt - cached - written, input)
        if cached > 0 { sum += Self.product(cached, cachedInput) }
        if written > 0 { sum += Self.product(written, cacheWrite) }
        sum += Self.product(completion - reasoned, output)
        if reasoned > 0 { sum += Self.product(reasoned, reasoning) }
        return sum
    }

    private static func product(_ tokens: Int, _ rate: Int) -> Int128 {
        Int128(tokens) * Int128(rate)
    }
}
