import SignalboxCore

import SignalboxUsage
import Synchronization
import Testing

/// Requests that come, go on beside each other and end in any order, over days.
@Suite struct BudgetConcurrencyTests {
    private struct Flight {
        let ticket: BudgetTicket
        let estimate: Int
        let actual: Int
        let day: Int
    }

    @Test(arguments: 0..<200)
    func `whatever the order, a period's sum passes the limit by what estimates were short of alone`(
        seed: UInt64
    ) throws {
        var random = FastRandom(seed: seed)
        let limit = Int.random(in: 1...500, using: &random)
        var book = BudgetBook(tenant: "t")
        let terms = BudgetTerms(
            [Budget(.tokens(limit), per: .day)], keyBudgets: [Budget(.tokens(limit), per: .month)],
            keys: ["a", "b"])
        _ = book.adopt(terms, at: WallTime(nanosecondsSince1970: 0))
        var inFlight: [Flight] = []
        var spent: [Int: Int] = [:]
        var overshoot: [Int: Int] = [:]
        var day = 0
        for _ in 0..<2_000 {
            if Int.random(in: 0..<100, using: &random) == 0 { day += 1 }
            let now = WallTime(nanosecondsSince1970: Int64(day) * 86_400_000_000_000)
            switch Bool.random(using: &random) {
            case true:
                let estimate = Int.random(in: 0...40, using: &random)
                let key = ["a", "b", nil, "unknown"].randomElement(using: &random) ?? nil
                guard case .open(let ticket) = book.reserve(Expense(tokens: estimate), key: key, at: now)
                else {
                    continue
                }
                let actual = Int.random(in: 0...60, using: &random)
                inFlight.append(Flight(ticket: ticket, estimate: estimate, actual: actual, day: day))
                let reserved = inFlight.filter { $0.day == day }.map(\.estimate).reduce(0, +)
                #expect(spent[day, default: 0] + reserved <= limit + overshoot[day, default: 0])
            case false:
                guard let place = inFlight.indices.randomElement(using: &random) else { continue }
                let flight = inFlight.remove(at: place)
                _ = book.settle(flight.ticket, Expense(tokens: flight.actual), at: now)
                spent[flight.day, default: 0] += flight.actual
                overshoot[flight.day, default: 0] += max(0, flight.actual - flight.estimate)
            }
            let standing = book.standings(at: now)[0]
            let reserved = inFlight.filter { $0.day == day }.map(\.estimate).reduce(0, +)
            #expect(standing.reserved == Int128(reserved))
            #expect(standing.spent == Int128(spent[day, default: 0]))
        }
        let now = WallTime(nanosecondsSince1970: Int64(day) * 86_400_000_000_000)
        for flight in inFlight { _ = book.settle(flight.ticket, Expense(tokens: flight.actual), at: now) }
        #expect(book.standings(at: now).allSatisfy { $0.reserved == 0 })
        for (day, sum) in spent { #expect(sum <= limit + overshoot[day, default: 0]) }
    }

    private final class Shared: Sendable {
        let book: Mutex<BudgetBook>
        let admitted = Atomic(0)

        init(_ budgets: [Budget], at now: WallTime) {
            var book = BudgetBook(tenant: "t")
            _ = book.adopt(BudgetTerms(budgets), at: now)
            self.book = Mutex(book)
        }
    }

    @Test func `threads that share a book never spend more than there is`() async {
        let now = WallTime(nanosecondsSince1970: 0)
        let shared = Shared([Budget(.tokens(1_000), per: .day)], at: now)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    for _ in 0..<200 {
                        let admission = shared.book.withLock {
                            $0.reserve(Expense(tokens: 7), key: nil, at: now)
                        }
                        guard case .open(let ticket) = admission else { continue }
                        shared.admitted.add(1, ordering: .relaxed)
                        await Task.yield()
                        _ = shared.book.withLock { $0.settle(ticket, Expense(tokens: 7), at: now) }
                    }
                }
            }
        }
        let standing = shared.book.withLock { $0.standings(at: now)[0] }
        #expect(standing.reserved == 0)
        #expect(standing.spent == 994, "as many as there is room for")
        #expect(shared.admitted.load(ordering: .relaxed) == 142)
    }
}
