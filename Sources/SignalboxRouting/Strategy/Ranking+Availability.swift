import SignalboxCore

extension Ranking {
    /// `first-available`: the first in the list that is open and not unhealthy, then round from there.
    func findFirst(_ tier: inout ArraySlice<Place>) {
        guard let first = tier.firstIndex(where: { views[$0.target].isGood }) else { return }
        circle(&tier, from: first, reason: .circle)
        tier[first].reason = .firstAvailable
    }

    /// `best-available`: healthy before degraded, then the lowest mean latency. One that was never measured
    /// counts as the fastest, so that it is measured.
    func compareLatency(_ tier: inout ArraySlice<Place>) {
        for index in tier.indices {
            let view = views[tier[index].target]
            let seconds = view.latencyMean.map { Double($0.nanoseconds) / 1e9 }
            let isDegraded = view.health == .degraded
            // No latency comes near a million seconds.
            tier[index].rank = (seconds ?? 0) + (isDegraded ? 1e6 : 0)
            tier[index].reason = isDegraded ? .degraded : .latency
            tier[index].score = seconds
        }
    }

    /// `least-busy`: by the share of its cap that is in flight; one without a cap by the number itself, as if
    /// its cap were as large as the largest of the tier.
    func compareLoad(_ tier: inout ArraySlice<Place>) {
        let largest = tier.lazy.compactMap { traits[$0.target].concurrencyMax }.max() ?? 1
        for index in tier.indices {
            let target = tier[index].target
            let share =
                Double(views[target].inFlight) / Double(max(1, traits[target].concurrencyMax ?? largest))
            tier[index].rank = share
            tier[index].reason = .leastBusy
            tier[index].score = share
        }
    }
}
