public import SignalboxCore

/// How much may be used up between midnight and midnight, or in a month: by a tenant, or by one of its keys.
public struct Budget: Sendable, Hashable {
    public enum Limit: Sendable, Hashable {
        /// Above 0, at most 1,000,000,000 units of its currency. What is paid in another one does not count.
        case money(Money)
        /// Of prompts and answers together: 1 to 1,000,000,000,000.
        case tokens(Int)
    }

    /// Both are days of UTC, so that everybody's begin at one moment.
    public enum Period: String, Sendable, Hashable, CaseIterable {
        /// From midnight to midnight.
        case day
        /// A calendar month.
        case month
    }

    /// What becomes of a request that might go to a model without a price, under a budget of money.
    public enum Unpriced: String, Sendable, Hashable, CaseIterable {
        /// It is answered and, as nobody knows what it cost, uses nothing up.
        case allow
        /// It is not answered.
        case refuse
    }

    public var limit: Limit
    public var period: Period
    /// From which part of the limit on a warning is given, once a period: above 0, at most 1. Default 0.8.
    public var warnAt: Double
    /// Default `allow`; means nothing to a budget of tokens.
    public var unpriced: Unpriced

    public init(_ limit: Limit, per period: Period, warnAt: Double = 0.8, unpriced: Unpriced = .allow) {
        self.limit = limit
        self.period = period
        self.warnAt = warnAt
        self.unpriced = unpriced
    }
}

/// The budgets of one tenant.
public struct BudgetTerms: Sendable, Equatable {
    /// Of all its keys together.
    public var budgets: [Budget]
    /// Of each of ``keys`` alone.
    public var keyBudgets: [Budget]
    /// By their aliases.
    public var keys: [String]

    public init(_ budgets: [Budget], keyBudgets: [Budget] = [], keys: [String] = []) {
        self.budgets = budgets
        self.keyBudgets = keyBudgets
        self.keys = keys
    }

    /// Whether there is no budget at all.
    public var isEmpty: Bool { budgets.isEmpty && meteredKeys.isEmpty }

    var meteredKeys: [String] { keyBudgets.isEmpty ? [] : keys }
}
