import SignalboxCore

extension Ranking {
    /// `first-available`: the first in the list that is open and not unhealthy, then round from there.
    func findFirst(_ places: inout [Place], _ tier: Range<Int>) {
        guard let first = places[tier].firstIndex(where: { views[$0.target].isGood }) else { return }
        circle(&places, tier, from: first, reason: .circle)
        places[first].reason = .firstAvailable
    }

    /// `best-available`: healthy before degraded, then the lowest mean latency. One that was never measured
    /// counts as the fastest, so that it is measured.
    func compareLatency(_ places: inout [Place], _ tier: Range<Int>) {
        for index in tier {
            let view = views[places[index].target]
            let seconds = view.latencyMean.map { Double($0.nanoseconds) / 1e9 }
            let isDegraded = view.health == .degraded
            // No latency comes near a million seconds.
            places[index].rank = (seconds ?? 0) + (isDegraded ? 1e6 : 0)
            places[index].reason = isDegraded ? .degraded : .latency
            places[index].score = seconds
        }
    }

    /// `least-busy`: by the share of its cap that is in flight; one without a cap by the number itself, as if
    /// its cap were as large as the largest of the tier.
    func compareLoad(_ places: inout [Place], _ tier: Range<Int>) {
        let largest = places[tier].lazy.compactMap { traits[$0.target].concurrencyMax }.max() ?? 1
        for index in tier {
            let target = places[index].target
            let share =
                Double(views[target].inFlight) / Double(max(1, traits[target].concurrencyMax ?? largest))
            places[index].rank = share
            places[index].reason = .leastBusy
            places[index].score = share
        }
    }
}
