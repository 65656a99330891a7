import SignalboxCore
import SignalboxUsage
import Synchronization

/// Where it is remembered how far budgets are used up.
///
/// In memory today, and made of the usage records after a restart. It is narrow so that many instances can
/// share it one day: each operation is atomic, and says all that it needs.
protocol BudgetStore: Sendable {
    /// A tenant's, the same one for as long as anybody has it.
    func desk(of tenant: String) -> any BudgetDesk
}

/// One tenant's place in a ``BudgetStore``: see ``BudgetBook``, whose operations these are.
protocol BudgetDesk: AnyObject, Sendable {
    func questions(_ terms: BudgetTerms, at now: WallTime) -> [BudgetQuestion]
    func adopt(
        _ terms: BudgetTerms, readings: [BudgetQuestion: Expense], at now: WallTime
    ) -> [BudgetNotice]
    func reserve(
        _ estimate: Expense, isPriced: Bool, key: String?, at now: WallTime
    ) -> BudgetAdmission
    func settle(_ ticket: BudgetTicket, _ expense: Expense, at now: WallTime) -> [BudgetNotice]
    func spend(_ expense: Expense, key: String?, at now: WallTime) -> [BudgetNotice]
    func standings(at now: WallTime) -> [BudgetStanding]
}

/// The memory of this process.
final class MemoryBudgets: BudgetStore {
    /// Whoever has the tenant in its configuration has its desk: what no configuration in use names is
    /// forgotten.
    private struct Place {
        weak var desk: MemoryBudgetDesk?
    }

    private let desks = Mutex<[String: Place]>([:])

    func desk(of tenant: String) -> any BudgetDesk {
        desks.withLock { desks in
            if let known = desks[tenant]?.desk { return known }
            desks = desks.filter { $0.value.desk != nil }
            let desk = MemoryBudgetDesk(tenant: tenant)
            desks[tenant] = Place(desk: desk)
            return desk
        }
    }
}

/// Each operation holds the lock for one pure call.
final class MemoryBudgetDesk: BudgetDesk {
    private let book: Mutex<BudgetBook>

    init(tenant: String) {
        book = Mutex(BudgetBook(tenant: tenant))
    }

    func questions(_ terms: BudgetTerms, at now: WallTime) -> [BudgetQuestion] {
        book.withLock { $0.questions(terms, at: now) }
    }

    func adopt(
        _ terms: BudgetTerms, readings: [BudgetQuestion: Expense], at now: WallTime
    ) -> [BudgetNotice] {
        book.withLock { $0.adopt(terms, readings: readings, at: now) }
    }

    func reserve(
        _ estimate: Expense, isPriced: Bool, key: String?, at now: WallTime
    ) -> BudgetAdmission {
        book.withLock { $0.reserve(estimate, isPriced: isPriced, key: key, at: now) }
    }

    func settle(_ ticket: BudgetTicket, _ expense: Expense, at now: WallTime) -> [BudgetNotice] {
        book.withLock { $0.settle(ticket, expense, at: now) }
    }

    func spend(_ expense: Expense, key: String?, at now: WallTime) -> [BudgetNotice] {
        book.withLock { $0.spend(expense, key: key, at: now) }
    }

    func standings(at now: WallTime) -> [BudgetStanding] {
        book.withLock { $0.standings(at: now) }
    }
}
