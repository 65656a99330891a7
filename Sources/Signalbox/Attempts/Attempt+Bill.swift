import SignalboxCore
import SignalboxRouting
import SignalboxTelemetry

// What an attempt used, and who pays for it.
extension Attempt {
    /// Counts what it used, and writes it down. Answers with what that was.
    func bill(_ failure: UpstreamFailure?, until end: Instant) -> TokenUsage? {
        let (usage, source) = counted(failure)
        var cost: Money?
        if let usage {
            candidate.metrics.used(usage)
            call.used(usage)
            if let pricing = candidate.metrics.pricing { cost = call.price(usage, by: pricing, at: end) }
            call.spend(usage, cost)
        }
        if drainEnd != nil { call.books?.drained(source == .provider ? .usage : .estimate) }
        guard call.books != nil else { return usage }
        call.write(call.record(of: self, usage, from: source, cost: cost, failure: failure, until: end))
        return usage
    }

    /// A provider's word goes before a guess. Guessed is what an answer used of which nobody said it, and
    /// what a caller that left had ordered: not what a provider failed at.
    private func counted(_ failure: UpstreamFailure?) -> (TokenUsage?, UsageRecord.Source) {
        let isOrdered = failure == nil || failure?.kind == .cancelled && call.isCancelled && isSent
        if let usage = summary.usage, failure == nil || !isOrdered { return (usage, .provider) }
        return isOrdered && call.countsUsage ? (guess, .estimated) : (nil, .none)
    }

    private var guess: TokenUsage {
        let said = summary.usage
        let prompt = said?.promptTokens ?? TokenEstimate.promptTokens(inBody: asked.body)
        return TokenUsage(
            promptTokens: prompt, completionTokens: max(said?.completionTokens ?? 0, volume.tokens),
            cachedTokens: said?.cachedTokens ?? 0, cacheWriteTokens: said?.cacheWriteTokens ?? 0,
            reasoningTokens: said?.reasoningTokens ?? 0)
    }
}
