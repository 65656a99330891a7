import SignalboxCore
import SignalboxUsage
import Testing

@Suite struct BudgetBookTests {
    private static let midday = WallTime(nanosecondsSince1970: 1_795_262_400_000_000_000)
    private static let day: Int64 = 86_400_000_000_000

    private func later(_ days: Int64, _ nanoseconds: Int64 = 0) -> WallTime {
        WallTime(nanosecondsSince1970: Self.midday.nanosecondsSince1970 + days * Self.day + nanoseconds)
    }

    private func book(
        _ budgets: [Budget], keys: [Budget] = [], readings: [BudgetQuestion: Expense] = [:]
    ) -> BudgetBook {
        var book = BudgetBook(tenant: "t")
        let terms = BudgetTerms(budgets, keyBudgets: keys, keys: ["t-0", "t-1"])
        _ = book.adopt(terms, readings: readings, at: Self.midday)
        return book
    }

    private func dollars(_ units: Int) -> Money {
        Money(nano: Int128(units) * 1_000_000_000, currency: "USD")
    }

    private func expense(dollars units: Int) -> Expense { Expense([dollars(units)]) }

    private func ticket(_ admission: BudgetAdmission) throws -> BudgetTicket {
        guard case .open(let ticket) = admission else { throw Refused(admission: admission) }
        return ticket
    }

    private struct Refused: Error { let admission: BudgetAdmission }

    private func standing(_ book: BudgetBook, _ place: Int = 0, at now: WallTime = midday) -> BudgetStanding {
        var book = book
        return book.standings(at: now)[place]
    }

    @Test func `what is reserved counts like what is spent`() throws {
        var book = book([Budget(.tokens(100), per: .day)])
        let first = try ticket(book.reserve(Expense(tokens: 60), key: nil, at: Self.midday))
        guard
            case .exceeded(let standing, let notice) = book.reserve(
                Expense(tokens: 41), key: nil, at: Self.midday)
        else { return #expect(Bool(false), "there was room") }
        #expect((standing.spent, standing.reserved) == (0, 60))
        #expect(notice == BudgetNotice(kind: .exhausted, standing: standing))
        let second = try ticket(book.reserve(Expense(tokens: 40), key: nil, at: Self.midday))
        _ = book.settle(first, Expense(tokens: 10), at: Self.midday)
        _ = book.settle(second, Expense(tokens: 90), at: Self.midday)
        #expect((self.standing(book).spent, self.standing(book).reserved) == (100, 0))
    }

    @Test func `a request that comes to exactly the limit is let through, and one unit more is not`() throws {
        var book = book([Budget(.money(dollars(1)), per: .day)])
        let last = try ticket(book.reserve(expense(dollars: 1), key: nil, at: Self.midday))
        _ = book.settle(last, Expense(), at: Self.midday)
        let tooMuch = Expense([Money(nano: 1_000_000_001, currency: "USD")])
        #expect(book.reserve(tooMuch, key: nil, at: Self.midday) == .tooLarge(standing(book)))
    }

    @Test func `only the first refusal of a period is told, and a request too large for it is none`() throws {
        var book = book([Budget(.tokens(10), per: .day)])
        #expect(book.reserve(Expense(tokens: 11), key: nil, at: Self.midday) == .tooLarge(standing(book)))
        let held = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: Self.midday))
        func notice(at now: WallTime) -> BudgetNotice.Kind? {
            guard case .exceeded(_, let notice) = book.reserve(Expense(tokens: 1), key: nil, at: now) else {
                return nil
            }
            return notice?.kind
        }
        #expect(notice(at: Self.midday) == .exhausted)
        #expect(notice(at: Self.midday) == nil)
        _ = book.settle(held, Expense(tokens: 10), at: Self.midday)
        _ = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: later(1)))
        #expect(notice(at: later(1)) == .exhausted)
    }

    @Test func `a warning is given once a period, when its part is spent`() throws {
        var book = book([Budget(.tokens(10), per: .day, warnAt: 0.75)])
        func use(_ tokens: Int, at now: WallTime = Self.midday) throws -> [BudgetNotice.Kind] {
            let held = try ticket(book.reserve(Expense(tokens: 1), key: nil, at: now))
            return book.settle(held, Expense(tokens: tokens), at: now).map(\.kind)
        }
        #expect(try use(7).isEmpty)
        #expect(try use(1) == [.warning])
        #expect(try use(1).isEmpty)
        #expect(try use(8, at: later(1)) == [.warning])
    }

    @Test func `a new period begins at nothing, whatever is still in flight`() throws {
        var book = book([Budget(.tokens(10), per: .day), Budget(.tokens(100), per: .month)])
        let held = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: Self.midday))
        let next = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: later(1)))
        _ = book.settle(held, Expense(tokens: 9), at: later(1))
        #expect((standing(book, at: later(1)).spent, standing(book, at: later(1)).reserved) == (0, 10))
        #expect((standing(book, 1, at: later(1)).spent, standing(book, 1, at: later(1)).reserved) == (9, 10))
        _ = book.settle(next, Expense(tokens: 4), at: later(1))
        #expect(standing(book, at: later(1)).spent == 4)
        #expect(standing(book, 1, at: later(1)).spent == 13)
    }

    @Test func `a period begins at its first moment`() throws {
        var book = book([Budget(.tokens(10), per: .day)])
        let end = standing(book).span.end
        _ = book.settle(
            try ticket(book.reserve(Expense(tokens: 10), key: nil, at: Self.midday)), Expense(tokens: 10),
            at: Self.midday)
        let last = WallTime(nanosecondsSince1970: end.nanosecondsSince1970 - 1)
        #expect(throws: Refused.self) { try ticket(book.reserve(Expense(tokens: 1), key: nil, at: last)) }
        _ = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: end))
    }

    @Test func `a clock that is set back does not make room`() throws {
        var book = book([Budget(.tokens(10), per: .day)])
        let held = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: later(1)))
        #expect(throws: Refused.self) {
            try ticket(book.reserve(Expense(tokens: 1), key: nil, at: Self.midday))
        }
        _ = book.settle(held, Expense(), at: Self.midday)
        #expect(standing(book).reserved == 0)
        _ = try ticket(book.reserve(Expense(tokens: 10), key: nil, at: Self.midday))
    }

    @Test func `money of another currency counts in none`() throws {
        var book = book([Budget(.money(dollars(1)), per: .day)])
        let roubles = Expense([Money(nano: 5_000_000_000, currency: "RUB"), dollars(1)])
        let held = try ticket(book.reserve(roubles, key: nil, at: Self.midday))
        #expect(standing(book).reserved == 1_000_000_000)
        _ = book.settle(held, Expense([Money(nano: 9, currency: "RUB")]), at: Self.midday)
        #expect((standing(book).spent, standing(book).reserved) == (0, 0))
    }

    @Test func `a key has a budget of its own beside its tenant's`() throws {
        var book = book([Budget(.tokens(30), per: .day)], keys: [Budget(.tokens(20), per: .day)])
        _ = try ticket(book.reserve(Expense(tokens: 20), key: "t-0", at: Self.midday))
        guard case .exceeded(let refused, _) = book.reserve(Expense(tokens: 1), key: "t-0", at: Self.midday)
        else { return #expect(Bool(false), "the key had room") }
        #expect((refused.key, refused.tenant) == ("t-0", "t"))
        let other = try ticket(book.reserve(Expense(tokens: 10), key: "t-1", at: Self.midday))
        guard case .exceeded(let refused, _) = book.reserve(Expense(tokens: 1), key: "t-1", at: Self.midday)
        else { return #expect(Bool(false), "the tenant had room") }
        #expect(refused.key == nil)
        #expect(standing(book, 2).reserved == 10, "what the tenant refuses takes nothing of the key's")
        #expect(book.settle(other, Expense(tokens: 18), at: Self.midday).map(\.standing.key) == ["t-1"])
    }

    @Test func `what is refused by one budget takes nothing of another`() {
        var book = book([Budget(.tokens(100), per: .day), Budget(.money(dollars(1)), per: .month)])
        let dear = Expense(tokens: 50, [dollars(1), Money(nano: 1, currency: "USD")])
        #expect(book.reserve(dear, key: nil, at: Self.midday) == .tooLarge(standing(book, 1)))
        #expect(standing(book).reserved == 0)
    }

    @Test func `a model without a price is let through unless the budget refuses it`() throws {
        var lax = book([
            Budget(.money(dollars(1)), per: .day), Budget(.tokens(5), per: .day, unpriced: .refuse),
        ])
        _ = try ticket(lax.reserve(Expense(tokens: 1), isPriced: false, key: nil, at: Self.midday))
        var strict = book([Budget(.money(dollars(1)), per: .day, unpriced: .refuse)])
        #expect(
            strict.reserve(Expense(tokens: 1), isPriced: false, key: nil, at: Self.midday)
                == .unpriced(standing(strict)))
    }

    // MARK: Another configuration

    @Test func `a budget with another limit goes on from what is spent`() throws {
        var book = book([Budget(.tokens(100), per: .day)])
        let held = try ticket(book.reserve(Expense(tokens: 60), key: nil, at: Self.midday))
        #expect(book.adopt(BudgetTerms([Budget(.tokens(70), per: .day)]), at: Self.midday).isEmpty)
        #expect(throws: Refused.self) {
            try ticket(book.reserve(Expense(tokens: 11), key: nil, at: Self.midday))
        }
        #expect(book.settle(held, Expense(tokens: 60), at: Self.midday).map(\.kind) == [.warning])
        #expect((standing(book).spent, standing(book).reserved) == (60, 0))
    }

    @Test func `what was in flight before a budget came counts in it neither reserved nor spent`() throws {
        var book = book([Budget(.tokens(100), per: .day)])
        let held = try ticket(book.reserve(Expense(tokens: 60), key: nil, at: Self.midday))
        _ = book.adopt(BudgetTerms([Budget(.tokens(50), per: .month)]), at: Self.midday)
        _ = book.settle(held, Expense(tokens: 60), at: Self.midday)
        #expect((standing(book).spent, standing(book).reserved) == (0, 0))
    }

    @Test func `what was spent before the program began is asked for once, and counts`() throws {
        let budgets = [Budget(.tokens(100), per: .day), Budget(.money(dollars(9)), per: .day)]
        var book = book(budgets, keys: [Budget(.tokens(50), per: .month)])
        let terms = BudgetTerms(
            budgets, keyBudgets: [Budget(.tokens(50), per: .month)], keys: ["t-0", "t-1"])
        let questions = book.questions(terms, at: Self.midday)
        #expect(questions.map(\.key) == [nil, "t-0", "t-1"])
        #expect(questions[0].since == Budget.Period.day.span(around: Self.midday).start)
        #expect(questions[1].since == Budget.Period.month.span(around: Self.midday).start)
        let answers = [questions[0]: Expense(tokens: 90, [dollars(2)]), questions[1]: Expense(tokens: 50)]
        let notices = book.adopt(terms, readings: answers, at: Self.midday)
        #expect(notices.map(\.standing.key) == [nil, "t-0"])
        #expect(book.standings(at: Self.midday).map(\.spent) == [90, 2_000_000_000, 50, 0])
        let again = book.questions(terms, at: Self.midday)
        #expect(again.map(\.key) == ["t-1"])
        _ = book.adopt(terms, readings: answers, at: Self.midday)
        #expect(standing(book).spent == 90)
    }

    @Test func `what was counted here already is not read again`() throws {
        let budgets = [Budget(.tokens(100), per: .day)]
        var book = book(budgets)
        let held = try ticket(book.reserve(Expense(tokens: 1), key: nil, at: Self.midday))
        _ = book.settle(held, Expense(tokens: 7), at: Self.midday)
        #expect(book.questions(BudgetTerms(budgets), at: Self.midday).isEmpty)
        let question = BudgetQuestion(key: nil, since: standing(book).span.start)
        _ = book.adopt(BudgetTerms(budgets), readings: [question: Expense(tokens: 7)], at: Self.midday)
        #expect(standing(book).spent == 7)
    }
}
