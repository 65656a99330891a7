extension Ranking {
    /// `lowest-cost`: what this request would cost, prompt and answer. Amounts of one currency only compare:
    /// the tier's first. What has no price in it comes after those that do.
    func compareCost(_ tier: inout ArraySlice<Place>) {
        let currency = tier.lazy.compactMap { traits[$0.target].price?.currency }.first
        for index in tier.indices {
            guard let price = traits[tier[index].target].price, price.currency == currency else {
                tier[index].rank = .infinity
                tier[index].reason = .noPrice
                continue
            }
            let cost = price.input * Double(size.promptTokens) + price.output * Double(size.answerTokens)
            tier[index].rank = cost
            tier[index].reason = .cost
            tier[index].score = cost
        }
    }
}
