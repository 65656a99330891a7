import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry

/// The tokens of one model's answers: two histograms, and in the unreleased conventions five counters more.
struct GenAITokens: Sendable {
    private let input: Histogram
    private let output: Histogram
    private let sums: Sums?

    private struct Sums: Sendable {
        let input: Counter
        let output: Counter
        let cacheRead: Counter
        let cacheWrite: Counter
        let reasoning: Counter

        init(_ registry: SeriesScope, labels: [String]) {
            // No provider of ours says what its tokens stand for.
            let labels = labels + ["unknown"]
            input = registry.counter(Catalogue.genAIUsageInputTokens).series(labels)
            output = registry.counter(Catalogue.genAIUsageOutputTokens).series(labels)
            cacheRead = registry.counter(Catalogue.genAIUsageCacheReadTokens).series(labels)
            cacheWrite = registry.counter(Catalogue.genAIUsageCacheWriteTokens).series(labels)
            reasoning = registry.counter(Catalogue.genAIUsageReasoningTokens).series(labels)
        }
    }

    init(
        _ registry: SeriesScope, _ conventions: Configuration.Metrics.Conventions, labels: [String]
    ) {
        switch conventions {
        case .v1_41:
            let family = registry.histogram(Catalogue.genAITokenUsage)
            input = family.series(labels + ["input"])
            output = family.series(labels + ["output"])
            sums = nil
        case .latest:
            input = registry.histogram(Catalogue.genAIInferenceInputTokens).series(labels)
            output = registry.histogram(Catalogue.genAIInferenceOutputTokens).series(labels)
            sums = Sums(registry, labels: labels)
        }
    }

    func used(_ usage: TokenUsage) {
        input.observe(Double(usage.promptTokens))
        output.observe(Double(usage.completionTokens))
        guard let sums else { return }
        sums.input.increment(by: usage.promptTokens)
        sums.output.increment(by: usage.completionTokens)
        sums.cacheRead.increment(by: usage.cachedTokens)
        sums.cacheWrite.increment(by: usage.cacheWriteTokens)
        sums.reasoning.increment(by: usage.reasoningTokens)
    }
}
