/// What a route says in one place and makes untrue in another: whoever wrote it believes that it does
/// something.
extension ConfigurationReading {
    /// - Parameter strategy: Nil, as `interruption`, where the word itself is wrong: that is the mistake to
    ///   mend.
    func check(
        _ section: Section, _ lists: [TargetList], strategy: Configuration.Route.Strategy?,
        interruption: Configuration.Route.Interruption?
    ) {
        if let interruption, interruption != .hold {
            section["hold"]?.refuse("belongs to on_interrupt: hold", "write that as well, or remove it")
        }
        guard let strategy else { return }
        if strategy != .adaptive {
            section["adaptive"]?.refuse(
                "means nothing to the strategy \(strategy.rawValue)", "write strategy: adaptive, or remove it"
            )
        }
        if strategy == .lowestCost, let field = section["strategy"] { checkPrices(lists, field) }
    }

    func checkDeadlines(_ route: Configuration.Route, _ section: Section) {
        let problem = "is not shorter than request_timeout, \(DurationText.print(route.requestTimeout))"
        let remedy = "shorten it, or raise request_timeout"
        if let after = route.hedgeAfter, after >= route.requestTimeout {
            section["hedge_after"]?.refuse("\(problem), and would never come", remedy)
        }
        if route.waitForPreferred >= route.requestTimeout {
            section["wait_for_preferred"]?.refuse("\(problem), and would leave no time to answer", remedy)
        }
    }

    private func checkPrices(_ lists: [TargetList], _ strategy: Field) {
        let targets = lists.compactMap(\.targets)
        // Where a target or its provider could not be read, its price is not known yet.
        let areRead = targets.joined().allSatisfy { configuration.provider(named: $0.provider) != nil }
        guard targets.count == lists.count, areRead, !hasWrongPrices else { return }
        let prices = targets.map { $0.flatMap(configuration.priceCurrencies) }
        if prices.allSatisfy(\.isEmpty) {
            strategy.refuse(
                "compares prices, and no target has one",
                "write models: [{name: …, price: {input: 0.15, output: 0.6, currency: USD}}]")
        }
        for (list, prices) in zip(lists, prices) {
            let currencies = Set(prices).sorted()
            if currencies.count < 2 { continue }
            list.field.refuse(
                "has prices in \(currencies.joined(separator: " and ")), which do not compare",
                "give all of them in one currency")
        }
    }
}
