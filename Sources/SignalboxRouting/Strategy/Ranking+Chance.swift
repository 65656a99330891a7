import Glibc

extension Ranking {
    /// `random`: every order is as likely as every other.
    func shuffle(_ places: inout [Place], _ tier: Range<Int>, random: inout some RandomNumberGenerator) {
        for index in tier {
            places[index].rank = unit(&random)
            places[index].reason = .drawn
        }
    }

    /// `weighted`: drawn without replacement, each time with a chance in proportion to the weight.
    ///
    /// One exponential variate with the weight for its rate each, smallest first, is such a draw (Efraimidis
    /// and Spirakis, "Weighted random sampling with a reservoir", 2006).
    func draw(_ places: inout [Place], _ tier: Range<Int>, random: inout some RandomNumberGenerator) {
        for index in tier {
            let weight = traits[places[index].target].weight
            let variate = -log(unit(&random))
            places[index].rank = weight > 0 ? variate / weight : .infinity
            places[index].reason = .drawnByWeight
        }
    }

    /// In (0, 1], in steps of 2⁻⁵³.
    private func unit(_ random: inout some RandomNumberGenerator) -> Double {
        Double((random.next() >> 11) + 1) * 0x1p-53
    }
}
