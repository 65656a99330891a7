import SignalboxConfig
import SignalboxCore
import SignalboxTelemetry
import SignalboxUsage

/// The budgets of one tenant under one configuration, and where their refusals are counted.
struct TenantBudgets: Sendable {
    /// What each tenant's budgets had used up when they were asked after, by the tenants' ids.
    typealias Readings = [String: [BudgetQuestion: Expense]]

    let tenant: String
    let desk: any BudgetDesk
    let terms: BudgetTerms
    private let refusals: CounterFamily

    /// - Returns: nil for a tenant that has none.
    init?(_ tenant: Configuration.Tenant, _ lasting: LastingParts) {
        self.tenant = tenant.id
        terms = BudgetTerms(tenant)
        if terms.isEmpty { return nil }
        desk = lasting.budgets.desk(of: tenant.id)
        refusals = lasting.scopes[.tenant(tenant.id)].counter(Catalogue.budgetRefusals)
        for budget in terms.budgets { refusals.series(BudgetLabels(tenant.id, nil, budget).all).begin() }
        for key in terms.keys {
            for budget in terms.keyBudgets {
                refusals.series(BudgetLabels(tenant.id, key, budget).all).begin()
            }
        }
    }

    func refused(_ standing: BudgetStanding) {
        refusals.series(BudgetLabels(standing).all).increment()
    }
}

extension BudgetTerms {
    init(_ tenant: Configuration.Tenant) {
        self.init(tenant.budgets, keyBudgets: tenant.keyBudgets, keys: tenant.keys.map(\.alias))
    }
}

extension Counter {
    /// A series that is known is there from the start.
    fileprivate func begin() { increment(by: UInt64(0)) }
}

/// What a budget's series are told apart by.
struct BudgetLabels {
    /// The label `key` of what concerns all keys of a tenant.
    static let allKeys = "all"
    /// The label `kind` of budgets that are not in money.
    static let tokens = "tokens"

    let all: [String]

    init(_ tenant: String, _ key: String?, _ budget: Budget) {
        all = [tenant, key ?? Self.allKeys, Self.kind(of: budget.limit), budget.period.rawValue]
    }

    init(_ standing: BudgetStanding) {
        self.init(standing.tenant, standing.key, standing.budget)
    }

    /// `tokens`, or the currency.
    static func kind(of limit: Budget.Limit) -> String {
        switch limit {
        case .tokens: tokens
        case .money(let money): money.currency
        }
    }
}

extension BudgetStanding {
    /// In tokens or units of the currency, for people and metrics: what is exact is the number itself.
    func units(_ amount: Int128) -> Double {
        switch budget.limit {
        case .tokens: Double(amount)
        case .money(let money): Money(nano: amount, currency: money.currency).units
        }
    }

    /// `1000 tokens`, `0.5 USD`
    func text(_ amount: Int128) -> String {
        switch budget.limit {
        case .tokens: "\(amount) tokens"
        case .money(let money): Money(nano: amount, currency: money.currency).description
        }
    }
}
