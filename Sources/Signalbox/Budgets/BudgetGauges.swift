import SignalboxTelemetry
import SignalboxUsage
import Synchronization

/// How far budgets are used up, read at the tenants' desks when a scrape asks: a period ends by the mere
/// passing of time.
final class BudgetGauges: Sendable {
    private let registry: MetricRegistry
    /// Of the last scrape: series that the next one has no use for leave.
    private let latest = Mutex<SeriesScope?>(nil)

    init(_ registry: MetricRegistry) {
        self.registry = registry
        // Known from the start, so that the first scrape has them.
        for definition in [Catalogue.budgetLimit, Catalogue.budgetSpent, Catalogue.budgetReserved] {
            _ = registry.gauge(definition)
        }
    }

    func refresh(_ standings: [BudgetStanding]) {
        let scope = registry.scope()
        let limit = scope.gauge(Catalogue.budgetLimit)
        let spent = scope.gauge(Catalogue.budgetSpent)
        let reserved = scope.gauge(Catalogue.budgetReserved)
        for standing in standings {
            let labels = BudgetLabels(standing).all
            limit.series(labels).set(standing.units(standing.budget.limit.amount))
            spent.series(labels).set(standing.units(standing.spent))
            reserved.series(labels).set(standing.units(standing.reserved))
        }
        let older = latest.withLock { latest in
            defer { latest = scope }
            return latest
        }
        older?.close()
    }
}
