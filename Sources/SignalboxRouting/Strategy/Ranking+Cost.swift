extension Ranking {
    /// `lowest-cost`: what this request would cost, prompt and answer. Amounts of one currency only compare:
    /// the tier's first. What has no price in it comes after those that do.
    func compareCost(_ places: inout [Place], _ tier: Range<Int>) {
        let currency = places[tier].lazy.compactMap { traits[$0.target].price?.currency }.first
        for index in tier {
            guard let price = traits[places[index].target].price, price.currency == currency else {
                places[index].rank = .infinity
                places[index].reason = .noPrice
                continue
            }
            let cost = price.input * Double(size.promptTokens) + price.output * Double(size.answerTokens)
            places[index].rank = cost
            places[index].reason = .cost
            places[index].score = cost
        }
    }
}
