import SignalboxConfig
import SignalboxCore
import SignalboxStore
import SignalboxUsage

// What was used up before the program, or a budget, began.
extension Router {
    /// Reads what budgets have used up since their periods began. Once, before the first request: until then
    /// they count from nothing.
    /// - Throws: ``RouterError`` where the usage records cannot be read.
    public func recallBudgets() async throws(RouterError) {
        let readings = try await readings(for: configuration)
        guard !readings.isEmpty else { return }
        budgetEvents.tell(currentTable.recall(readings, at: time.wallTime()))
    }

    /// What the configuration's budgets have used up, as far as nobody here knows it. What is used between
    /// this and their beginning, some milliseconds, is not counted by those that are new.
    func readings(for configuration: Configuration) async throws(RouterError) -> TenantBudgets.Readings {
        guard let store = books?.store else { return [:] }
        var readings: TenantBudgets.Readings = [:]
        for tenant in configuration.tenants {
            let terms = BudgetTerms(tenant)
            if terms.isEmpty { continue }
            for question in lasting.budgets.desk(of: tenant.id).questions(terms, at: time.wallTime()) {
                readings[tenant.id, default: [:]][question] = try await spent(by: tenant.id, question, store)
            }
        }
        return readings
    }

    private func spent(
        by tenant: String, _ question: BudgetQuestion, _ store: UsageStore
    ) async throws(RouterError) -> Expense {
        do throws(StoreError) {
            let spent = try await store.spent(
                tenant: tenant, tenantKey: question.key, since: question.since)
            return Expense(
                tokens: Int(clamping: spent.tokens),
                spent.nano.map { Money(nano: $0.value, currency: $0.key) })
        } catch {
            throw RouterError(description: "what \(tenant) has used of its budgets cannot be read: \(error)")
        }
    }
}
