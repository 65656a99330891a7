import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import SignalboxUsage
import Synchronization
import Testing

/// Budgets as requests meet them. The provider says of every answer that it has 3 + 5 tokens; a token of an
/// answer costs a dollar.
@Suite(.timeLimit(.minutes(2))) struct BudgetCallTests {
    private final class Notices: Sendable {
        let all = Mutex<[BudgetNotice]>([])
        var kinds: [String] { all.withLock { $0.map { "\($0.kind) \($0.standing.key ?? "all")" } } }
    }

    /// An hour before the end of 2026.
    private let clock = ManualClock(
        wallTime: WallTime(nanosecondsSince1970: 1_798_758_000_000_000_000))
    private let notices = Notices()
    private let provider = TestProvider()

    private func router(
        _ budgets: [Budget], keys: [Budget] = [], models: [String] = ["good"], currency: String = "USD",
        isPriced: Bool = true
    ) throws -> TestRouter {
        let custom = Dictionary(uniqueKeysWithValues: models.indices.map { ("p\($0)", provider) })
        let notices = notices
        return try TestRouter(models: models, custom: custom, time: clock) { configuration in
            var tenant = Configuration.Tenant(
                id: "t",
                keys: (0..<2).map { Configuration.Key(alias: "t-\($0)", secret: Secret("secret-\($0)")) })
            tenant.budgets = budgets
            tenant.keyBudgets = keys
            configuration.tenants = [tenant]
            guard isPriced else { return }
            let rates = TokenRates(input: 0, output: 1_000_000 * 1_000_000_000)
            let price = Price(validFrom: WallTime(nanosecondsSince1970: 0), currency: currency, rates: rates)
            configuration.prices = Configuration.Prices(
                file: "", book: PriceBook(version: "1", [.init(.provider("p0"), model: models[0], price)]))
        } onBudget: { notice in
            notices.all.withLock { $0.append(notice) }
        }
    }

    private func dollars(_ units: Int) -> Budget.Limit {
        .money(Money(nano: Int128(units) * 1_000_000_000, currency: "USD"))
    }

    private func standing(_ test: TestRouter, _ place: Int = 0) -> BudgetStanding {
        test.router.status().budgets[place]
    }

    private let short = chat(#""max_tokens":10,"#)

    @Test func `what is reserved is what the answer may cost, and what is counted is what it did`()
        async throws
    {
        let test = try router([Budget(dollars(100), per: .month)], models: ["waiting", "good"])
        let begun = Signal<RoutedCall>()
        async let asked = test.outcome(of: short, tenantKey: 0) { begun.put($0) }
        #expect(await provider.waits.take() == true)
        #expect(standing(test).reserved == 10_000_000_000 && standing(test).spent == 0)
        let routed = await begun.take()
        test.group.loops[0].execute { routed?.cancel() }
        _ = try await asked
        #expect(standing(test).reserved == 0)
    }

    @Test func `a budget in money that is used up is a 402, until its period ends`() async throws {
        let test = try router([Budget(dollars(12), per: .month)])
        #expect(try await test.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(standing(test).spent == 5_000_000_000)
        let failure = try #require(try await test.outcome(of: short, tenantKey: 0).failure)
        #expect(failure.status == 402 && failure.type == "insufficient_quota")
        #expect(failure.code == "budget_exceeded" && failure.outcome == .rejected && failure.isFinal)
        #expect(failure.retryAfter == nil && failure.attempts.isEmpty)
        #expect(
            failure.message == "t may use 12 USD a month: 5 USD are used, 0 USD reserved for requests in "
                + "flight, and this one may need more than is left. "
                + "It begins anew on 2027-01-01 at 00:00 UTC."
        )
        #expect(provider.calls.withLock(\.count) == 1)
        clock.advance(by: .seconds(3_600))
        #expect(try await test.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(standing(test).spent == 5_000_000_000)
    }

    @Test func `a budget of tokens that is used up is a 429, and nobody is told to sleep for weeks`()
        async throws
    {
        let test = try router([Budget(.tokens(40), per: .day)])
        #expect(try await test.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(standing(test).spent == 8)
        clock.advance(by: .seconds(3_600 - 90))
        let failure = try #require(
            try await test.outcome(of: chat(#""max_tokens":30,"#), tenantKey: 0).failure)
        #expect(failure.status == 429 && failure.code == "budget_exceeded" && failure.isFinal)
        #expect(failure.retryAfter == .seconds(90))
        let monthly = try router([Budget(.tokens(30), per: .month)])
        clock.advance(by: .seconds(3_600 * 24))
        #expect(try await monthly.outcome(of: short, tenantKey: 0).failure == nil)
        let later = try #require(
            try await monthly.outcome(of: chat(#""max_tokens":20,"#), tenantKey: 0).failure)
        #expect(later.retryAfter == .seconds(3_600))
    }

    @Test func `a request that no period could pay for is told so`() async throws {
        let money = try router([Budget(dollars(9), per: .day)])
        let failure = try #require(try await money.outcome(of: short, tenantKey: 0).failure)
        #expect(failure.status == 402 && failure.message.contains("alone may need more"))
        let tokens = try router([Budget(.tokens(9), per: .day)])
        #expect(try await tokens.outcome(of: short, tenantKey: 0).failure?.status == 400)
        #expect(notices.kinds.isEmpty)
    }

    @Test func `each key has a budget of its own, and requests of no key have the tenant's alone`()
        async throws
    {
        let test = try router([Budget(.tokens(1_000), per: .day)], keys: [Budget(.tokens(28), per: .day)])
        for _ in 0..<2 { _ = try await test.outcome(of: short, tenantKey: 0) }
        let failure = try #require(try await test.outcome(of: short, tenantKey: 0).failure)
        #expect(failure.message.hasPrefix("The key t-0 may use 28 tokens a day: 16 tokens are used"))
        #expect(try await test.outcome(of: short, tenantKey: 1).failure == nil)
        #expect(try await test.outcome(of: short, tenantKey: nil).failure == nil)
        #expect(test.router.status().budgets.map(\.spent) == [32, 16, 8])
        #expect(notices.kinds == ["exhausted t-0"])
        let refusals = test.registry.counter(Catalogue.budgetRefusals)
        #expect(refusals.series("t", "t-0", "tokens", "day").value == 1)
        #expect(refusals.series("t", "all", "tokens", "day").value == 0)
    }

    @Test func `every attempt that cost something counts, those that failed nothing`() async throws {
        let test = try router([Budget(.tokens(1_000), per: .day)], models: ["limited", "good"])
        #expect(try await test.outcome(of: short, tenantKey: 0).attempts == 2)
        #expect(standing(test).spent == 8 && standing(test).reserved == 0)
    }

    @Test func `a refused or failed request gives back all that it had reserved`() async throws {
        let test = try router([Budget(.tokens(1_000), per: .day)], models: ["limited"])
        #expect(try await test.outcome(of: short, tenantKey: 0).failure?.attempts.count == 1)
        #expect(standing(test).spent == 0 && standing(test).reserved == 0)
    }

    @Test func `streams are settled when they have ended`() async throws {
        let test = try router([Budget(dollars(100), per: .day)])
        let text = chat(#""max_tokens":10,"#, stream: true)
        #expect(try await test.outcome(of: text, tenantKey: 0).failure == nil)
        #expect(standing(test).spent == 5_000_000_000 && standing(test).reserved == 0)
    }

    @Test func `a warning comes once when its part is spent`() async throws {
        let test = try router([Budget(.tokens(100), per: .day, warnAt: 0.1)])
        for _ in 0..<4 { _ = try await test.outcome(of: short, tenantKey: 0) }
        #expect(notices.kinds == ["warning all"])
    }

    @Test func `a model without a price is answered unless the budget says otherwise`() async throws {
        let lax = try router([Budget(dollars(1), per: .day)], isPriced: false)
        #expect(try await lax.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(standing(lax).spent == 0)
        let strict = try router(
            [Budget(dollars(100), per: .day, unpriced: .refuse)], models: ["good", "other"])
        let failure = try #require(try await strict.outcome(of: short, tenantKey: 0).failure)
        #expect(failure.status == 402 && failure.code == "model_not_priced")
    }

    @Test func `what is paid in another currency counts in no budget`() async throws {
        let test = try router([Budget(dollars(1), per: .day)], currency: "EUR")
        #expect(try await test.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(standing(test).spent == 0)
    }

    @Test func `budgets change while the router runs, and go on from what is used`() async throws {
        let test = try router([Budget(.tokens(1_000), per: .day)])
        _ = try await test.outcome(of: short, tenantKey: 0)
        var configuration = test.router.configuration
        configuration.tenants[0].budgets = [
            Budget(.tokens(20), per: .day), Budget(.tokens(999), per: .month),
        ]
        try await test.router.update(configuration)
        #expect(test.router.status().budgets.map(\.spent) == [8, 0])
        #expect(try await test.outcome(of: short, tenantKey: 0).failure?.status == 429)
        configuration.tenants[0].budgets = []
        try await test.router.update(configuration)
        #expect(try await test.outcome(of: short, tenantKey: 0).failure == nil)
        #expect(test.router.status().budgets.isEmpty)
    }

    @Test func `a scrape shows limit, spent and reserved in whole units`() async throws {
        let test = try router([Budget(dollars(100), per: .month)], keys: [Budget(.tokens(50), per: .day)])
        _ = try await test.outcome(of: short, tenantKey: 1)
        var text: [UInt8] = []
        test.registry.renderText(into: &text)
        let lines = String(decoding: text, as: UTF8.self)
        for line in [
            #"llm_budget_limit{tenant="t",key="all",kind="USD",period="month"} 100"#,
            #"llm_budget_spent{tenant="t",key="all",kind="USD",period="month"} 5"#,
            #"llm_budget_reserved{tenant="t",key="all",kind="USD",period="month"} 0"#,
            #"llm_budget_spent{tenant="t",key="t-1",kind="tokens",period="day"} 8"#,
            #"llm_budget_spent{tenant="t",key="t-0",kind="tokens",period="day"} 0"#,
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }
}

extension TestRouter {
    /// Asks for the first tenant with the key in this place.
    fileprivate func outcome(
        of text: String, tenantKey: Int?, begun: @escaping @Sendable (RoutedCall) -> Void = { _ in }
    ) async throws -> Outcome {
        let call = try ChatCall(text: text)
        let (router, loop) = (router, group.loops[0])
        let outcome = Signal<Outcome?>()
        loop.spawn {
            let routed = router.begin(
                call, tenant: 0, tenantKey: tenantKey, requestID: "r-9", receivedAt: loop.now(), on: loop)
            guard let routed else { return outcome.put(nil) }
            begun(routed)
            outcome.put(await Self.take(routed))
        }
        guard let outcome = await outcome.take() ?? nil else { throw NoRoute() }
        return outcome
    }
}
