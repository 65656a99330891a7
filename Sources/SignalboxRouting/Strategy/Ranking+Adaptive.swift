import SignalboxCore

extension Ranking {
    /// A mean latency from which on latency speaks for nothing.
    static let latencyScale = 3.0

    /// Within which a limit is seen coming.
    static let foresightScale = 45.0

    /// `adaptive`: the highest of capacity · w₁ + latency · w₂ + weight · w₃ first, each within 0...1.
    ///
    /// - capacity is the headroom, the smaller of what is left of requests and of tokens;
    /// - latency is max(0, 1 − mean / 3 s), and 1 before the first measurement, so that there is one;
    /// - weight is the configured one relative to the tier's largest.
    ///
    /// One that is about to meet a limit is left before it does: the score of a target whose ``ProviderView``
    /// says that it will be full in t < 45 s is multiplied by t / 45 s.
    func score(_ places: inout [Place], _ tier: Range<Int>) {
        let largest = places[tier].lazy.map { traits[$0.target].weight }.max() ?? 0
        for index in tier {
            let target = places[index].target
            let view = views[target]
            let seconds = Double((view.latencyMean ?? .zero).nanoseconds) / 1e9
            let parts =
                weights.capacity * view.headroom * foresight(view)
                + weights.latency * max(0, 1 - seconds / Ranking.latencyScale)
                + weights.weight * (largest > 0 ? traits[target].weight / largest : 0)
            let score = parts
            places[index].rank = -score
            places[index].reason = .score
            places[index].score = score
        }
    }

    /// 0 for a target that is full, 1 for one that will not be soon.
    private func foresight(_ view: ProviderView) -> Double {
        guard let fullIn = view.fullIn else { return 1 }
        return min(1, Double(fullIn.nanoseconds) / 1e9 / Ranking.foresightScale)
    }
}
