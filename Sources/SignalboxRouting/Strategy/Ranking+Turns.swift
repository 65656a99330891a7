extension Ranking {
    /// `round-robin`: each request begins one further in the list, and goes round from there.
    func takeTurns(_ places: inout [Place], _ tier: Range<Int>) {
        let first = Int(UInt(bitPattern: turn) % UInt(tier.count))
        circle(&places, tier, from: tier.lowerBound + first, reason: .turn)
    }

    func circle(_ places: inout [Place], _ tier: Range<Int>, from first: Int, reason: OrderReason) {
        for index in tier {
            places[index].rank = Double(index >= first ? index - first : index - first + tier.count)
            places[index].reason = reason
        }
    }
}
