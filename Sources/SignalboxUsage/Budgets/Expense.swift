public import SignalboxCore

/// What was used, or may be: tokens, and money in as many currencies as there are prices in.
public struct Expense: Sendable, Equatable {
    /// Of prompts and answers together.
    public var tokens: Int
    /// One for each currency.
    public private(set) var amounts: [Money]

    public init(tokens: Int = 0, _ amounts: [Money] = []) {
        self.tokens = tokens
        self.amounts = []
        for amount in amounts { add(amount) }
    }

    public mutating func add(_ other: Expense) {
        tokens += other.tokens
        for amount in other.amounts { add(amount) }
    }

    public mutating func add(_ money: Money) {
        guard let place = amounts.firstIndex(where: { $0.currency == money.currency }) else {
            return amounts.append(money)
        }
        amounts[place] = Money(nano: amounts[place].nano + money.nano, currency: money.currency)
    }

    /// Makes the amount in its currency at least this one.
    public mutating func raise(to money: Money) {
        guard let place = amounts.firstIndex(where: { $0.currency == money.currency }) else {
            return amounts.append(money)
        }
        if amounts[place].nano < money.nano { amounts[place] = money }
    }

    /// As much of it as counts against a limit: tokens, or billionths of the limit's currency.
    func amount(against limit: Budget.Limit) -> Int128 {
        switch limit {
        case .tokens: Int128(tokens)
        case .money(let money): amounts.first { $0.currency == money.currency }?.nano ?? 0
        }
    }
}
