import SignalboxProviders
public import SignalboxUsage

extension Configuration {
    /// `prices:`
    public struct Prices: Sendable, Equatable {
        /// Where they were read from; relative to the working directory.
        public var file: String
        public var book: PriceBook

        public init(file: String, book: PriceBook) {
            self.file = file
            self.book = book
        }
    }

    /// What the price book says of a provider's model; nil without one, or where it says nothing.
    public func priceHistory(of model: String, at provider: Provider) -> PriceHistory? {
        prices?.book.history(provider: provider.name, kind: provider.kind.rawValue, model: model)
    }

    /// The currencies in which `lowest-cost` may find a target's price: its first model's own, else those of
    /// the price book. Empty where it has none.
    func priceCurrencies(of target: Target) -> [String] {
        if let price = price(of: target) { return [price.currency] }
        guard let model = target.models.first, let provider = provider(named: target.provider) else {
            return []
        }
        return priceHistory(of: model, at: provider)?.prices.map(\.currency) ?? []
    }
}
