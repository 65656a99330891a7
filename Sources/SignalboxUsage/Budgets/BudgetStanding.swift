public import SignalboxCore

/// How far a budget is used up at one moment.
public struct BudgetStanding: Sendable, Hashable {
    public let tenant: String
    /// The alias of the tenant's key that it is about; nil for all of them together.
    public let key: String?
    public let budget: Budget
    /// In tokens, or billionths of the budget's currency, like ``reserved``.
    public let spent: Int128
    /// Of requests in flight, as much as they may come to.
    public let reserved: Int128
    public let span: BudgetSpan

    public init(
        tenant: String, key: String?, budget: Budget, spent: Int128, reserved: Int128, span: BudgetSpan
    ) {
        self.tenant = tenant
        self.key = key
        self.budget = budget
        self.spent = spent
        self.reserved = reserved
        self.span = span
    }
}

/// What somebody should hear of a budget, each once in its period.
public struct BudgetNotice: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        /// So much is spent as is to be warned of.
        case warning
        /// A request was refused.
        case exhausted
    }

    public let kind: Kind
    public let standing: BudgetStanding

    public init(kind: Kind, standing: BudgetStanding) {
        self.kind = kind
        self.standing = standing
    }
}

/// What is reserved for one request; settled exactly once.
public struct BudgetTicket: Sendable, Equatable {
    let number: UInt64
    let key: String?
    let estimate: Expense
}

/// Whether a request may go on.
public enum BudgetAdmission: Sendable, Equatable {
    case open(BudgetTicket)
    /// It might pass the limit.
    /// - Parameter notice: where it is the period's first one that is refused.
    case exceeded(BudgetStanding, notice: BudgetNotice?)
    /// It might pass the limit even if nothing were spent: it will not be answered in the next period either.
    case tooLarge(BudgetStanding)
    /// It might go to a model that has no price, and the budget wants none of those answered.
    case unpriced(BudgetStanding)
}

/// What must be known of the time before the program began.
public struct BudgetQuestion: Sendable, Hashable {
    /// Nil for all keys of the tenant together.
    public let key: String?
    /// The beginning of a period.
    public let since: WallTime

    public init(key: String?, since: WallTime) {
        self.key = key
        self.since = since
    }
}
