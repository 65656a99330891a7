public import SignalboxCore

/// One tenant's budgets, and those of its keys: what is reserved for requests in flight, and what is spent.
///
/// A request is admitted by all of them or by none. What it came to is counted in the period in which it was
/// admitted, also where that is over by then.
public struct BudgetBook: Sendable {
    public let tenant: String
    private var meters: [BudgetMeter] = []
    private var keyMeters: [String: [BudgetMeter]] = [:]
    private var nextTicket: UInt64 = 1
    /// When the first of the periods ends: until then nobody looks for one that has.
    private var nextRoll = WallTime(nanosecondsSince1970: .max)

    public init(tenant: String) {
        self.tenant = tenant
    }

    // MARK: Which budgets

    /// Takes other budgets. One that counts the same as before, per the same period, goes on from there.
    /// - Parameter readings: answers to ``questions(_:at:)``; for budgets that have none, what was spent
    ///   before is not counted.
    public mutating func adopt(
        _ terms: BudgetTerms, readings: [BudgetQuestion: Expense] = [:], at now: WallTime
    ) -> [BudgetNotice] {
        roll(to: now)
        meters = successors(of: meters, terms.budgets, key: nil, readings, at: now)
        var next: [String: [BudgetMeter]] = [:]
        for key in terms.meteredKeys {
            next[key] = successors(of: keyMeters[key] ?? [], terms.keyBudgets, key: key, readings, at: now)
        }
        keyMeters = next
        nextRoll = firstEnd
        return warnings(key: nil) + keyMeters.keys.sorted().flatMap { warnings(key: $0) }
    }

    private func successors(
        of old: [BudgetMeter], _ budgets: [Budget], key: String?, _ readings: [BudgetQuestion: Expense],
        at now: WallTime
    ) -> [BudgetMeter] {
        budgets.map { budget in
            var meter =
                old.first { $0.counts(like: budget) }
                ?? BudgetMeter(budget, firstTicket: nextTicket, at: now)
            meter.adopt(budget)
            if let spent = readings[BudgetQuestion(key: key, since: meter.span.start)] { meter.read(spent) }
            return meter
        }
    }

    /// What ``adopt(_:readings:at:)`` would have to know of the past; each once.
    public func questions(_ terms: BudgetTerms, at now: WallTime) -> [BudgetQuestion] {
        unread(terms.budgets, among: meters, key: nil, at: now)
            + terms.meteredKeys.flatMap { key in
                unread(terms.keyBudgets, among: keyMeters[key] ?? [], key: key, at: now)
            }
    }

    private func unread(
        _ budgets: [Budget], among meters: [BudgetMeter], key: String?, at now: WallTime
    ) -> [BudgetQuestion] {
        var questions: [BudgetQuestion] = []
        for budget in budgets where !meters.contains(where: { $0.counts(like: budget) && $0.isRead }) {
            let question = BudgetQuestion(key: key, since: budget.period.span(around: now).start)
            if !questions.contains(question) { questions.append(question) }
        }
        return questions
    }

    // MARK: Requests

    /// Reserves what a request may come to, in every budget that it counts against, or in none.
    /// - Parameters:
    ///   - isPriced: whether a price is known for every model that it may go to.
    ///   - key: the alias of the key that it came with; nil where nobody can say.
    public mutating func reserve(
        _ estimate: Expense, isPriced: Bool = true, key: String?, at now: WallTime
    ) -> BudgetAdmission {
        roll(to: now)
        for place in meters.indices {
            if let refusal = refusal(&meters[place], estimate, isPriced, key: nil) { return refusal }
        }
        if let key, var own = keyMeters[key] {
            for place in own.indices {
                guard let refusal = refusal(&own[place], estimate, isPriced, key: key) else { continue }
                keyMeters[key] = own
                return refusal
            }
        }
        for place in meters.indices { meters[place].reserve(estimate) }
        withMeters(of: key) { $0.reserve(estimate) }
        defer { nextTicket += 1 }
        return .open(BudgetTicket(number: nextTicket, key: key, estimate: estimate))
    }

    private func refusal(
        _ meter: inout BudgetMeter, _ estimate: Expense, _ isPriced: Bool, key: String?
    ) -> BudgetAdmission? {
        if !isPriced, case .money = meter.budget.limit, meter.budget.unpriced == .refuse {
            return .unpriced(standing(of: meter, key: key))
        }
        if meter.hasRoom(for: estimate) { return nil }
        let standing = standing(of: meter, key: key)
        if estimate.amount(against: meter.budget.limit) > meter.budget.limit.amount {
            return .tooLarge(standing)
        }
        let notice = meter.refuses() ? BudgetNotice(kind: .exhausted, standing: standing) : nil
        return .exceeded(standing, notice: notice)
    }

    /// Puts what a request came to in the place of what was reserved for it. A ticket is settled once.
    public mutating func settle(
        _ ticket: BudgetTicket, _ expense: Expense, at now: WallTime
    ) -> [BudgetNotice] {
        roll(to: now)
        for place in meters.indices { meters[place].settle(ticket, expense) }
        withMeters(of: ticket.key) { $0.settle(ticket, expense) }
        return warnings(key: nil) + (ticket.key.map { warnings(key: $0) } ?? [])
    }

    /// Counts what a request came to after it was settled.
    public mutating func spend(_ expense: Expense, key: String?, at now: WallTime) -> [BudgetNotice] {
        roll(to: now)
        for place in meters.indices { meters[place].spend(expense) }
        withMeters(of: key) { $0.spend(expense) }
        return warnings(key: nil) + (key.map { warnings(key: $0) } ?? [])
    }

    // MARK: How it stands

    /// The tenant's own first, then its keys' by their names.
    public mutating func standings(at now: WallTime) -> [BudgetStanding] {
        roll(to: now)
        return meters.map { standing(of: $0, key: nil) }
            + keyMeters.sorted { $0.key < $1.key }.flatMap { key, meters in
                meters.map { standing(of: $0, key: key) }
            }
    }

    private func standing(of meter: BudgetMeter, key: String?) -> BudgetStanding {
        BudgetStanding(
            tenant: tenant, key: key, budget: meter.budget, spent: meter.spent, reserved: meter.reserved,
            span: meter.span)
    }

    private mutating func warnings(key: String?) -> [BudgetNotice] {
        var own = key.map { keyMeters[$0] ?? [] } ?? meters
        var notices: [BudgetNotice] = []
        for place in own.indices where own[place].warns() {
            notices.append(BudgetNotice(kind: .warning, standing: standing(of: own[place], key: key)))
        }
        if notices.isEmpty { return [] }
        if let key { keyMeters[key] = own } else { meters = own }
        return notices
    }

    private var firstEnd: WallTime {
        let ends = meters.map(\.span.end) + keyMeters.values.joined().map(\.span.end)
        return ends.min() ?? WallTime(nanosecondsSince1970: .max)
    }

    private mutating func roll(to now: WallTime) {
        guard now >= nextRoll else { return }
        let nextTicket = nextTicket
        for place in meters.indices { meters[place].roll(to: now, nextTicket: nextTicket) }
        for key in keyMeters.keys { withMeters(of: key) { $0.roll(to: now, nextTicket: nextTicket) } }
        nextRoll = firstEnd
    }

    private mutating func withMeters(of key: String?, _ body: (inout BudgetMeter) -> Void) {
        guard let key, keyMeters[key] != nil else { return }
        for place in keyMeters[key, default: []].indices { body(&keyMeters[key, default: []][place]) }
    }
}
