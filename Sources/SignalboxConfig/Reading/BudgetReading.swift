import SignalboxCore
import SignalboxUsage

// What a tenant, or one of its keys, may use up.
extension ConfigurationReading {
    static let budgetsMax = 8

    mutating func readBudgets(_ section: Section, into tenant: inout Configuration.Tenant) {
        if let field = section["budgets"] { tenant.budgets = budgets(field) }
        if let field = section["key_budgets"] { tenant.keyBudgets = budgets(field) }
    }

    private mutating func budgets(_ field: Field) -> [Configuration.Budget] {
        guard let entries = field.list(max: Self.budgetsMax, expected: "a list of budgets") else { return [] }
        var found: [Configuration.Budget] = []
        for entry in entries {
            guard let section = Section(entry, .budget), let budget = budget(section) else { continue }
            if found.contains(where: { $0.period == budget.period && $0.unit == budget.unit }) {
                entry.refuse(
                    "there is a budget of \(budget.unit) per \(budget.period.rawValue) already", "remove one")
            }
            found.append(budget)
            budgets.append((budget, entry))
        }
        return found
    }

    private func budget(_ section: Section) -> Configuration.Budget? {
        let period: Configuration.Budget.Period? = section.required(
            "per", remedy: "write per: day or per: month"
        ).flatMap { $0.choice("period") }
        let limit = limit(section)
        guard let period, let limit else { return nil }
        var budget = Configuration.Budget(limit, per: period)
        section.set(&budget.warnAt, "warn_at", warningRatio)
        section.set(&budget.unpriced, "unpriced") { $0.choice("way to treat a model without a price") }
        return budget
    }

    private func limit(_ section: Section) -> Configuration.Budget.Limit? {
        switch (section["amount"], section["tokens"]) {
        case (let amount?, nil):
            let currency = section.required("currency", remedy: "write currency: USD, or another")
            let nano = amount.amount()
            guard let currency = currency?.currency(), let nano else { return nil }
            return .money(Money(nano: Int128(nano), currency: currency))
        case (nil, let tokens?):
            for key in ["currency", "unpriced"] {
                section[key]?.refuse("means nothing to a budget of tokens", "write amount, or remove it")
            }
            return tokens.integer(in: 1...1_000_000_000_000).map { .tokens($0) }
        case (_?, _?):
            section["tokens"]?.refuse("cannot stand beside amount", "make two budgets of them")
            return nil
        case (nil, nil):
            section.field.refuse("has no limit", "write amount: and currency:, or tokens:")
            return nil
        }
    }

    private func warningRatio(_ field: Field) -> Double? {
        guard let ratio = field.ratio() else { return nil }
        if ratio == 0 { field.refuse("0 would warn before anything is used", "write a number above 0") }
        return ratio
    }

    /// A budget in money counts what the price book says, so that it is empty words where that has no price
    /// in its currency.
    func checkBudgetCurrencies() {
        if hasWrongPrices { return }
        let known = configuration.prices?.book.currencies ?? []
        for (budget, field) in budgets {
            guard case .money(let money) = budget.limit, !known.contains(money.currency) else { continue }
            if configuration.prices == nil {
                field.refuse("nothing is priced, so that it would never be used up", "add prices: {file: …}")
            } else {
                field.refuse(
                    "no price is in \(money.currency), so that it would never be used up",
                    "the prices are in \(known.joined(separator: " and "))")
            }
        }
    }
}

extension Configuration.Budget {
    fileprivate var unit: String {
        switch limit {
        case .money(let money): money.currency
        case .tokens: "tokens"
        }
    }
}

extension Field {
    /// An amount of money above 0, in billionths.
    fileprivate func amount() -> Int? {
        let expected = "an amount such as 99.50: above 0, at most 1000000000, with at most nine decimals"
        guard let text = text(expected: expected) else { return nil }
        guard let nano = DecimalText.billionths(text), 1...1_000_000_000_000_000_000 ~= nano else {
            refuse("\(Spelling.quoted(text)) is not \(expected)")
            return nil
        }
        return nano
    }
}
