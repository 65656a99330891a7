import SignalboxCore

/// How far one budget is used up, in tokens or billionths of a currency.
///
///     reserve: reserved grows ──settle──▶ reserved shrinks, spent grows
///     roll: both begin at 0, and what was reserved before is nobody's any more
///
struct BudgetMeter: Sendable {
    /// Its limit may change, what it counts may not.
    private(set) var budget: Budget
    private(set) var span: BudgetSpan
    private(set) var spent: Int128 = 0
    private(set) var reserved: Int128 = 0
    /// Whether it is too late for what was spent before this program began: it is in ``spent`` already, or
    /// something else is.
    private(set) var isRead = false
    /// The first ticket of this period: those before it reserved nothing of it.
    private var firstTicket: UInt64
    private var hasWarned = false
    private var hasRefused = false

    init(_ budget: Budget, firstTicket: UInt64, at now: WallTime) {
        self.budget = budget
        self.firstTicket = firstTicket
        span = budget.period.span(around: now)
    }

    /// What counts against the limit, and how long: budgets that have both in common are one.
    func counts(like other: Budget) -> Bool {
        budget.period == other.period && budget.limit.hasUnit(of: other.limit)
    }

    mutating func adopt(_ other: Budget) {
        precondition(counts(like: other), "a meter counts one thing")
        budget = other
    }

    /// Begins the next period once it is there. A clock that is set back begins none anew.
    mutating func roll(to now: WallTime, nextTicket: UInt64) {
        guard now >= span.end else { return }
        span = budget.period.span(around: now)
        (spent, reserved) = (0, 0)
        (hasWarned, hasRefused) = (false, false)
        firstTicket = nextTicket
        isRead = true
    }

    /// Adds what was spent from its period's beginning until now; not once anything was counted here.
    mutating func read(_ expense: Expense) {
        guard !isRead else { return }
        isRead = true
        spent += expense.amount(against: budget.limit)
    }

    func hasRoom(for expense: Expense) -> Bool {
        spent + reserved + expense.amount(against: budget.limit) <= budget.limit.amount
    }

    mutating func reserve(_ estimate: Expense) {
        reserved += estimate.amount(against: budget.limit)
    }

    mutating func settle(_ ticket: BudgetTicket, _ expense: Expense) {
        guard ticket.number >= firstTicket else { return }
        isRead = true
        reserved -= ticket.estimate.amount(against: budget.limit)
        spent += expense.amount(against: budget.limit)
    }

    /// Counts what nothing was reserved for.
    mutating func spend(_ expense: Expense) {
        isRead = true
        spent += expense.amount(against: budget.limit)
    }

    /// Whether it is time for the period's warning, which it is once.
    mutating func warns() -> Bool {
        guard !hasWarned, spent >= warningAmount else { return false }
        hasWarned = true
        return true
    }

    /// Whether it is the period's first refusal.
    mutating func refuses() -> Bool {
        defer { hasRefused = true }
        return !hasRefused
    }

    private var warningAmount: Int128 {
        if budget.warnAt >= 1 { return budget.limit.amount }
        return Int128((Double(budget.limit.amount) * budget.warnAt).rounded(.up))
    }
}

extension Budget.Limit {
    /// In tokens or billionths.
    public var amount: Int128 {
        switch self {
        case .tokens(let tokens): Int128(tokens)
        case .money(let money): money.nano
        }
    }

    func hasUnit(of other: Budget.Limit) -> Bool {
        switch (self, other) {
        case (.tokens, .tokens): true
        case (.money(let money), .money(let other)): money.currency == other.currency
        case (.tokens, .money), (.money, .tokens): false
        }
    }
}
