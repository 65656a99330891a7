extension Ranking {
    /// `round-robin`: each request begins one further in the list, and goes round from there.
    func takeTurns(_ tier: inout ArraySlice<Place>) {
        let first = Int(UInt(bitPattern: turn) % UInt(tier.count))
        circle(&tier, from: tier.startIndex + first, reason: .turn)
    }

    func circle(_ tier: inout ArraySlice<Place>, from first: Int, reason: OrderReason) {
        for index in tier.indices {
            tier[index].rank = Double(index >= first ? index - first : index - first + tier.count)
            tier[index].reason = reason
        }
    }
}
