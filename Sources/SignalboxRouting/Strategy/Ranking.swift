/// A target on its way to its place: the lower tier and the lower rank first, then the list's order.
struct Place {
    var target: Int
    var tier: Int
    var rank: Double
    var isHeldBack = false
    var reason: OrderReason
    var score: Double?

    static func isBefore(_ left: Place, _ right: Place) -> Bool {
        if left.tier != right.tier { return left.tier < right.tier }
        if left.isHeldBack != right.isHeldBack { return right.isHeldBack }
        if left.rank != right.rank { return left.rank < right.rank }
        return left.target < right.target
    }
}

/// What strategies rank by: each ranks the targets of one tier, which are neighbours in the list.
struct Ranking {
    let traits: [TargetTraits]
    let views: [ProviderView]
    let weights: ScoreWeights
    let size: RequestSize
    let turn: Int

    /// All targets by tier, those of a tier as the route lists them.
    func tiers() -> [Place] {
        var places = traits.indices.map { Place(target: $0, tier: traits[$0].tier, rank: 0, reason: .listed) }
        let first = traits.first?.tier
        if !traits.allSatisfy({ $0.tier == first }) { places.sort(by: Place.isBefore) }
        return places
    }

    /// Last in the tier, in the strategy's order: never dropped, as it may be all that is left.
    func holdBack(_ places: inout [Place]) {
        for index in places.indices {
            let view = views[places[index].target]
            guard !view.isGood else { continue }
            places[index].isHeldBack = true
            places[index].reason = view.isOpen ? .unhealthy : .closedOff
        }
    }
}

extension ProviderView {
    /// Whether a request may well be sent there. A probe may: where nobody sent one, a provider that has
    /// recovered would never be known to, and its breaker lets few through.
    var isGood: Bool {
        isOpen && (health != .unhealthy || isProbing)
    }
}

extension [Place] {
    /// Moves what fits to the front; either part keeps its order.
    mutating func bringForward(_ reason: OrderReason, where fits: (Place) -> Bool) {
        var front = 0
        for index in indices where fits(self[index]) {
            var place = remove(at: index)
            place.reason = reason
            insert(place, at: front)
            front += 1
        }
    }
}
