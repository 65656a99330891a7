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
        let parts = Parts(usage)
        // Nearly always: less than nine thousand units for everything. It is many times as fast.
        if let few = few(parts), few <= Int.max - 500_000 { return Int128((few + 500_000) / 1_000_000) }
        return (all(parts) + 500_000) / 1_000_000
    }

    /// The most that so many tokens may cost, whatever sorts they turn out to be of; rounded up.
    public func nanoMax(promptTokens: Int, answerTokens: Int) -> Int128 {
        let prompt = Int128(max(0, promptTokens)) * Int128(max(input, cachedInput, cacheWrite))
        let answer = Int128(max(0, answerTokens)) * Int128(max(output, reasoning))
        return (prompt + answer + 999_999) / 1_000_000
    }

    /// The same before the division, in millionths of a billionth. Sums of it are exact.
    public func millionths(for usage: TokenUsage) -> Int128 { all(Parts(usage)) }

    /// The sorts of tokens, none of which is in another: each of them has its rate.
    private struct Parts {
        let fresh: Int
        let cached: Int
        let written: Int
        let said: Int
        let reasoned: Int

        init(_ usage: TokenUsage) {
            let prompt = max(0, usage.promptTokens)
            cached = min(max(0, usage.cachedTokens), prompt)
            written = min(max(0, usage.cacheWriteTokens), prompt - cached)
            fresh = prompt - cached - written
            let completion = max(0, usage.completionTokens)
            reasoned = min(max(0, usage.reasoningTokens), completion)
            said = completion - reasoned
        }
    }

    /// Nil where the sum, or a part of it, does not fit in an `Int`.
    private func few(_ parts: Parts) -> Int? {
        var (sum, isTooMuch) = parts.fresh.multipliedReportingOverflow(by: input)
        func add(_ tokens: Int, _ rate: Int) {
            let (product, isTooLarge) = tokens.multipliedReportingOverflow(by: rate)
            let (next, hasOverflown) = sum.addingReportingOverflow(product)
            sum = next
            isTooMuch = isTooMuch || isTooLarge || hasOverflown
        }
        add(parts.cached, cachedInput)
        add(parts.written, cacheWrite)
        add(parts.said, output)
        add(parts.reasoned, reasoning)
        return isTooMuch ? nil : sum
    }

    /// The parts of prompt and answer add up to an `Int` each, so that the sum is below 2^64 · 10^17: within
    /// 2^127 by far.
    private func all(_ parts: Parts) -> Int128 {
        Int128(parts.fresh) * Int128(input) + Int128(parts.cached) * Int128(cachedInput)
            + Int128(parts.written) * Int128(cacheWrite) + Int128(parts.said) * Int128(output)
            + Int128(parts.reasoned) * Int128(reasoning)
    }
}
