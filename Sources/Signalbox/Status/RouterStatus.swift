public import SignalboxCore
public import SignalboxRouting
public import SignalboxUsage

/// How a router's providers stand at one moment, for people and for dashboards of their own.
public struct RouterStatus: Sendable, Equatable {
    public struct Provider: Sendable, Equatable {
        /// As the configuration calls it.
        public var name: String
        public var standing: ProviderStatus
        /// Requests that wait for it, by priority; those without any are left out.
        public var waiting: [RequestPriority: Int]
        /// What is believed of its keys, by their aliases; without those that are not checked.
        public var checked: [String: KeyState]
    }

    public struct Route: Sendable, Equatable {
        /// What clients ask for.
        public var model: String
        public var strategy: String
        /// The providers of its targets, in the order in which they are listed.
        public var providers: [String]
    }

    /// In the configuration's order.
    public var providers: [Provider]
    public var routes: [Route]
    /// Requests in line, whatever they wait for.
    public var waiting: Int
    /// Sessions that are kept with a target.
    public var sessions: Int
    /// How far budgets are used up; each tenant's own before those of its keys.
    public var budgets: [BudgetStanding]
}

extension Router {
    /// How the providers stand now. From any thread; it takes each provider's lock once.
    /// - Parameter checked: what is believed of keys, by provider and alias: ``KeyChecks/states``.
    public func status(checked: [String: [String: KeyState]] = [:]) -> RouterStatus {
        let (table, now) = (currentTable, time.now())
        return RouterStatus(
            providers: table.providers.map { provider in
                RouterStatus.Provider(
                    name: provider.name, standing: provider.desk.status(at: now),
                    waiting: waiting(for: provider), checked: checked[provider.name] ?? [:])
            },
            routes: table.routesInOrder.map { route in
                RouterStatus.Route(
                    model: route.name, strategy: route.strategy.rawValue,
                    providers: route.lane(for: .normal).providers.map(\.name))
            },
            waiting: room.count, sessions: sessions.count,
            budgets: table.budgetStandings(at: time.wallTime()))
    }

    private func waiting(for provider: ResolvedProvider) -> [RequestPriority: Int] {
        var counts: [RequestPriority: Int] = [:]
        for priority in RequestPriority.allCases {
            let count = room.depth(of: provider.number, priority)
            if count > 0 { counts[priority] = count }
        }
        return counts
    }
}
