import SignalboxCore
import SignalboxTelemetry
import SignalboxUsage

/// What one model at one provider costs, its metric handles resolved when configuration loads. There is none
/// where the configuration has no prices.
final class ModelPricing: Sendable {
    /// Nil where the price book says nothing of the model.
    private let history: PriceHistory?
    /// By the prices' places in the history.
    private let costs: [FloatingCounter]
    private let unpriced: Counter
    /// Keeps the series.
    private let scope: SeriesScope

    init(_ scopes: SeriesScopes, provider: String, model: String, _ history: PriceHistory?) {
        scope = scopes[.model(model, provider: provider)]
        self.history = history
        let family = scope.floatingCounter(Catalogue.cost)
        costs = (history?.prices ?? []).map { family.series(provider, model, $0.currency) }
        unpriced = scope.counter(Catalogue.unpricedRequests).series(provider, model)
    }

    /// Counts what an answer cost; nil, and counted as unpriced, where no price was valid by then.
    /// - Parameter time: when the request came.
    func count(_ usage: TokenUsage, at time: WallTime) -> Money? {
        guard let history, let place = history.place(at: time) else {
            unpriced.increment()
            return nil
        }
        let cost = history.prices[place].cost(of: usage)
        costs[place].increment(by: cost.units)
        return cost
    }
}

/// What one tenant's requests cost, by currency.
struct TenantCosts: Sendable {
    private let counters: [(currency: String, counter: FloatingCounter)]

    /// - Parameter currencies: all that a price may be in.
    init(_ scope: SeriesScope, tenant: String, currencies: [String]) {
        let family = scope.floatingCounter(Catalogue.tenantCost)
        counters = currencies.map { ($0, family.series(tenant, $0)) }
    }

    func count(_ cost: Money) {
        counters.first { $0.currency == cost.currency }?.counter.increment(by: cost.units)
    }
}
