public import SignalboxCore

/// In which order a route's targets are tried. Raw values are the configuration's words.
///
/// Every strategy orders all targets and drops none: what lets nothing through is passed over by
/// ``AttemptPlan`` when its turn comes. Lower tiers come first, and a strategy orders within a tier.
public enum Strategy: String, Sendable, CaseIterable {
    case ordered
    case roundRobin = "round-robin"
    case random
    case weighted
    case firstAvailable = "first-available"
    case bestAvailable = "best-available"
    case adaptive
    case leastBusy = "least-busy"
    case lowestCost = "lowest-cost"

    /// Whether it puts a target that is unhealthy or lets nothing through last in its tier.
    public var isHealthAware: Bool {
        switch self {
        case .ordered, .roundRobin, .random, .weighted: false
        case .firstAvailable, .bestAvailable, .adaptive, .leastBusy, .lowestCost: true
        }
    }

    /// The order for one request, the same for the same arguments.
    ///
    /// - Parameters:
    ///   - views: One for each target, in the targets' order.
    ///   - turn: Counts the route's requests, for `round-robin`.
    ///   - pinned: The provider that the caller asks for: its targets come first of all, in the strategy's
    ///     order, whatever their tier and health.
    ///   - sticky: The target of the request's session: comes first, after pinned ones, unless it is
    ///     unhealthy or lets nothing through.
    public func order(
        _ traits: [TargetTraits], views: [ProviderView], priority: RequestPriority = .normal,
        weights: AdaptiveWeights = AdaptiveWeights(), size: RequestSize = RequestSize(), turn: Int = 0,
        random: inout some RandomNumberGenerator, pinned: Int? = nil, sticky: Int? = nil
    ) -> [OrderedTarget] {
        precondition(traits.count == views.count, "a view for each target")
        let ranking = Ranking(
            traits: traits, views: views, weights: weights[priority], size: size, turn: turn)
        var places = ranking.tiers()
        var start = 0
        while start < places.count {
            let tier = places[start].tier
            var end = start + 1
            while end < places.count, places[end].tier == tier { end += 1 }
            rank(&places, start..<end, ranking, random: &random)
            start = end
        }
        if isHealthAware { ranking.holdBack(&places) }
        places.sort(by: Place.isBefore)
        if let sticky, views[sticky].isGood { places.bringForward(.sticky) { $0.target == sticky } }
        if let pinned { places.bringForward(.pinned) { traits[$0.target].provider == pinned } }
        return places.map { OrderedTarget(target: $0.target, reason: $0.reason, score: $0.score) }
    }

    private func rank(
        _ places: inout [Place], _ tier: Range<Int>, _ ranking: Ranking,
        random: inout some RandomNumberGenerator
    ) {
        switch self {
        case .ordered: break
        case .roundRobin: ranking.takeTurns(&places, tier)
        case .random: ranking.shuffle(&places, tier, random: &random)
        case .weighted: ranking.draw(&places, tier, random: &random)
        case .firstAvailable: ranking.findFirst(&places, tier)
        case .bestAvailable: ranking.compareLatency(&places, tier)
        case .adaptive: ranking.score(&places, tier)
        case .leastBusy: ranking.compareLoad(&places, tier)
        case .lowestCost: ranking.compareCost(&places, tier)
        }
    }
}
