import SignalboxCore
public import SignalboxUsage

extension Configuration {
    /// One of `tenants[].budgets`, or of `tenants[].key_budgets`.
    public typealias Budget = SignalboxUsage.Budget
}

extension Configuration.Budget.Period {
    /// How long records must be kept for it: its longest, and a day.
    var recordsKept: Duration {
        switch self {
        case .day: .seconds(2 * 86_400)
        case .month: .seconds(32 * 86_400)
        }
    }
}

extension [Configuration.Budget] {
    /// Nothing at all where there are none.
    func describe(_ key: String, in yaml: inout YAMLText) {
        if isEmpty { return }
        yaml.key(key, depth: 2)
        for budget in self {
            switch budget.limit {
            case .money(let money):
                yaml.value("amount", money.decimal, depth: 4, isFirstOfEntry: true)
                yaml.value("currency", money.currency, depth: 4)
                yaml.value("unpriced", budget.unpriced.rawValue, depth: 4)
            case .tokens(let tokens):
                yaml.value("tokens", "\(tokens)", depth: 4, isFirstOfEntry: true)
            }
            yaml.value("per", budget.period.rawValue, depth: 4)
            yaml.number("warn_at", budget.warnAt, depth: 4)
        }
    }
}
