import SignalboxConfig
import SignalboxCore
import SignalboxUsage

// A budget is used up.
extension CallFailure {
    static let budgetExceeded = "budget_exceeded"
    /// Nobody is told to wait longer: who sleeps for weeks has forgotten why.
    static let budgetRetryMax = Duration.seconds(3_600)

    /// In money: 402. In tokens: 429, since those come back by themselves.
    init(exceeded standing: BudgetStanding, at now: WallTime) {
        let (budget, end) = (standing.budget, standing.span.end)
        let message =
            "\(standing.owner) may use \(standing.text(budget.limit.amount)) a \(budget.period.rawValue): "
            + "\(standing.text(standing.spent)) are used, \(standing.text(standing.reserved)) reserved for "
            + "requests in flight, and this one may need more than is left. "
            + "It begins anew on \(DateText.print(end)) at 00:00 UTC."
        switch budget.limit {
        case .money:
            self.init(quota: message, 402, Self.budgetExceeded, retryAfter: nil)
        case .tokens:
            let left = Duration.nanoseconds(end.nanosecondsSince1970 - now.nanosecondsSince1970)
            self.init(
                quota: message, 429, Self.budgetExceeded,
                retryAfter: min(max(left, .seconds(1)), Self.budgetRetryMax))
        }
    }

    /// No period would be long enough.
    init(tooLargeFor standing: BudgetStanding) {
        let budget = standing.budget
        let message =
            "The request alone may need more than \(standing.owner) may use in a "
            + "\(budget.period.rawValue), \(standing.text(budget.limit.amount)). "
            + "Limit its answer with max_tokens."
        switch budget.limit {
        case .money: self.init(quota: message, 402, Self.budgetExceeded, retryAfter: nil)
        case .tokens: self.init(quota: message, 400, Self.budgetExceeded, retryAfter: nil)
        }
    }

    /// Nobody knows what it would cost.
    init(unpricedFor standing: BudgetStanding) {
        self.init(
            quota: "The request may be answered by a model that has no price, which the budget of "
                + "\(standing.owner) does not allow.", 402, "model_not_priced", retryAfter: nil)
    }

    private init(quota message: String, _ status: Int, _ code: String, retryAfter: Duration?) {
        self.init(
            rejected: message, status: status, type: "insufficient_quota", code: code, retryAfter: retryAfter)
    }
}

extension BudgetStanding {
    fileprivate var owner: String { key.map { "The key \($0)" } ?? tenant }
}
