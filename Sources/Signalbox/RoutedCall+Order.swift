import SignalboxCore
import SignalboxRouting

// Which targets this request tries first.
extension RoutedCall {
    var effectivePriority: RequestPriority { wishes.priority ?? call.priority ?? .normal }
    var lane: Lane { route.lane(for: effectivePriority) }

    /// The targets in the strategy's order; empty where they are tried as they are listed.
    func order(of lane: Lane, _ size: RequestSize, at now: Instant) -> [OrderedTarget] {
        TargetOrder(route, lane, wishes, size, effectivePriority).targets(
            sticky: stickyTarget(in: lane, at: now), at: now, turn: route.nextTurn(), random: &worker.random)
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

// Who hears of the decisions.
extension RoutedCall {
    /// - Parameters:
    ///   - candidate: nil where the decision concerns none.
    ///   - attempt: its number; nil is the last one's.
    func decided(
        _ decision: @autoclosure () -> RouteEvent.Decision, on candidate: ResolvedCandidate? = nil,
        in order: OrderReason? = nil, attempt: Int? = nil
    ) {
        guard router.decisions.areHeard else { return }
        let event = RouteEvent(
            decision: decision(), requestID: requestID, route: routeLabel, tenant: tenant,
            provider: candidate?.provider.name ?? "", model: candidate?.model ?? "",
            key: candidate?.keyAlias ?? "", attempt: attempt ?? attemptCount, order: order)
        router.decisions.tell(event, of: self)
    }
}
