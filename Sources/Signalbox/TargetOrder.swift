import SignalboxCore
import SignalboxRouting

/// Puts a request's targets in order: by the route's strategy, what the caller asks for, and its session.
struct TargetOrder {
    private let route: ResolvedRoute
    private let lane: Lane
    private let wishes: RoutingWishes
    private let size: RequestSize
    private let priority: RequestPriority

    init(
        _ route: ResolvedRoute, _ lane: Lane, _ wishes: RoutingWishes, _ size: RequestSize,
        _ priority: RequestPriority
    ) {
        self.route = route
        self.lane = lane
        self.wishes = wishes
        self.size = size
        self.priority = priority
    }

    /// Empty where they are tried as they are listed: the usual case costs nothing.
    func targets(
        sticky: Int?, at now: Instant, turn: @autoclosure () -> Int, random: inout FastRandom
    ) -> [OrderedTarget] {
        let pinned = wishes.provider.flatMap { name in lane.providers.first { $0.name == name }?.number }
        if route.strategy == .ordered, !lane.hasTiers, sticky == nil, pinned == nil { return [] }
        let tokens = size.promptTokens + size.answerTokens
        return route.strategy.order(
            lane.traits, views: lane.providers.map { $0.desk.view(tokens: tokens, at: now) },
            priority: priority, weights: route.weights, size: size, turn: turn(), random: &random,
            pinned: pinned, sticky: sticky)
    }
}
