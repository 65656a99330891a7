import SignalboxCore

extension Ranking {
    /// A mean latency from which on latency speaks for nothing.
    static let latencyScale = 3.0

    /// `adaptive`: the highest of capacity · w₁ + latency · w₂ + weight · w₃ first, each within 0...1.
    ///
    /// - capacity is the headroom, the smaller of what is left of requests and of tokens;
    /// - latency is max(0, 1 − mean / 3 s), and 1 before the first measurement, so that there is one;
    /// - weight is the configured one relative to the tier's largest.
    func score(_ tier: inout ArraySlice<Place>) {
        let largest = tier.lazy.map { traits[$0.target].weight }.max() ?? 0
        for index in tier.indices {
            let target = tier[index].target
            let view = views[target]
            let seconds = Double((view.latencyMean ?? .zero).nanoseconds) / 1e9
            let score =
                weights.capacity * view.headroom
                + weights.latency * max(0, 1 - seconds / Ranking.latencyScale)
                + weights.weight * (largest > 0 ? traits[target].weight / largest : 0)
            tier[index].rank = -score
            tier[index].reason = .score
            tier[index].score = score
        }
    }
}
