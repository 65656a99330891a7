import Glibc

extension Ranking {
    /// `random`: every order is as likely as every other.
    func shuffle(_ tier: inout ArraySlice<Place>, random: inout some RandomNumberGenerator) {
        for index in tier.indices {
            tier[index].rank = unit(&random)
            tier[index].reason = .drawn
        }
    }

    /// `weighted`: drawn without replacement, each time with a chance in proportion to the weight.
    ///
    /// One exponential variate with the weight for its rate each, smallest first, is such a draw (Efraimidis
    /// and Spirakis, "Weighted random sampling with a reservoir", 2006).
    func draw(_ tier: inout ArraySlice<Place>, random: inout some RandomNumberGenerator) {
        for index in tier.indices {
            let weight = traits[tier[index].target].weight
            let variate = -log(unit(&random))
            tier[index].rank = weight > 0 ? variate / weight : .infinity
            tier[index].reason = .drawnByWeight
        }
    }

    /// In (0, 1], in steps of 2⁻⁵³.
    private func unit(_ random: inout some RandomNumberGenerator) -> Double {
        Double((random.next() >> 11) + 1) * 0x1p-53
    }
}
