import SignalboxCore
import SignalboxRouting
import SignalboxUsage

// What the tenant, or the key that it came with, may still use up.
extension RoutedCall {
    /// What is reserved of the budgets, and what has come of it.
    struct BudgetPart {
        let budgets: TenantBudgets
        /// Nil once it is settled.
        var ticket: BudgetTicket?
        var expense = Expense()
    }

    /// Reserves what this request may come to; answers with what the caller is told if it must not go on.
    func reserveBudget() -> CallFailure? {
        guard let budgets = generation.table.budgets(ofTenant: caller.tenant) else { return nil }
        let now = router.time.wallTime()
        let (estimate, isPriced) = lane.expense(of: size, at: now)
        let refusal: CallFailure
        switch budgets.desk.reserve(estimate, isPriced: isPriced, key: tenantKey, at: now) {
        case .open(let ticket):
            budgetPart = BudgetPart(budgets: budgets, ticket: ticket)
            return nil
        case .exceeded(let standing, let notice):
            budgets.refused(standing)
            if let notice { router.budgetEvents.tell([notice], of: self) }
            refusal = CallFailure(exceeded: standing, at: now)
        case .tooLarge(let standing):
            budgets.refused(standing)
            refusal = CallFailure(tooLargeFor: standing)
        case .unpriced(let standing):
            budgets.refused(standing)
            refusal = CallFailure(unpricedFor: standing)
        }
        return refusal
    }

    /// Whether what an attempt used is wanted, even where nobody but us can say it.
    var countsUsage: Bool { books != nil || budgetPart != nil }

    /// An attempt has used so much.
    func spend(_ usage: TokenUsage, _ cost: Money?) {
        guard let part = budgetPart else { return }
        var expense = Expense(tokens: usage.promptTokens + usage.completionTokens)
        if let cost { expense.add(cost) }
        if part.ticket != nil {
            budgetPart?.expense.add(expense)
        } else {
            // One that ended after its request.
            router.budgetEvents.tell(
                part.budgets.desk.spend(expense, key: tenantKey, at: router.time.wallTime()), of: self)
        }
    }

    /// Puts what the request came to in the place of what was reserved for it.
    func settleBudget() {
        guard let part = budgetPart, let ticket = part.ticket else { return }
        budgetPart?.ticket = nil
        router.budgetEvents.tell(
            part.budgets.desk.settle(ticket, part.expense, at: router.time.wallTime()), of: self)
    }
}

extension Lane {
    /// The most that a request may come to, by the dearest of the candidates; and whether each of them has a
    /// price.
    func expense(of size: RequestSize, at now: WallTime) -> (Expense, isPriced: Bool) {
        var expense = Expense(tokens: size.promptTokens + size.answerTokens)
        var isPriced = !hasUnpriced
        for history in prices {
            guard let price = history.price(at: now) else {
                isPriced = false
                continue
            }
            let nano = price.rates.nanoMax(
                promptTokens: size.promptTokens, answerTokens: size.answerTokens)
            expense.raise(to: Money(nano: nano, currency: price.currency))
        }
        return (expense, isPriced)
    }
}
