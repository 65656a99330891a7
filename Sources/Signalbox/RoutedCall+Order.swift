import SignalboxCore
import SignalboxRouting

// Which targets this request tries first.
extension RoutedCall {
    var effectivePriority: RequestPriority { wishes.priority ?? call.priority ?? .normal }
    var lane: Lane { route.lane(for: effectivePriority) }

    /// The targets in the strategy's order; empty where they are tried as they are listed.
    func order(of lane: Lane, _ size: RequestSize, at now: Instant) -> [OrderedTarget] {
        let sticky = stickyTarget(in: lane, at: now)
        let pinned = wishes.provider.flatMap { name in lane.providers.first { $0.name == name }?.number }
        if route.strategy == .ordered, !lane.hasTiers, sticky == nil, pinned == nil { return [] }
        let tokens = size.promptTokens + size.answerTokens
        return route.strategy.order(
            lane.traits, views: lane.providers.map { $0.desk.view(tokens: tokens, at: now) },
            priority: effectivePriority, weights: route.weights, size: size, turn: route.nextTurn(),
            random: &worker.random, pinned: pinned, sticky: sticky)
    }

    private var sessionKey: SessionKey? {
        guard route.keepsSessions, let session = wishes.session else { return nil }
        return SessionKey(tenant: tenant, route: routeLabel, session: session)
    }

    private func stickyTarget(in lane: Lane, at now: Instant) -> Int? {
        guard let key = sessionKey, let target = router.sessions.target(of: key, at: now) else { return nil }
        return lane.target(of: target)
    }

    /// The session stays with who has answered.
    func keepSession(with candidate: ResolvedCandidate, at now: Instant) {
        guard let key = sessionKey else { return }
        router.sessions.remember(
            key, AffinityTarget(provider: candidate.seat.desk.number, model: candidate.seat.model), at: now)
    }
}
