import SignalboxCore
import SignalboxRouting

/// Where one candidate's key and model stand at their provider's desk.
struct Seat: Sendable {
    let desk: any StandingDesk
    let key: Int
    let model: Int

    func admit(tokens: Int, at now: Instant) -> Admission {
        desk.admit(key: key, model: model, tokens: tokens, at: now)
    }
}

extension AttemptPlan.Availability {
    init(_ admission: Admission) {
        switch admission {
        case .open: self = .open
        case .busy: self = .busy
        case .limited(let wait): self = .limited(for: wait)
        case .resting(let wait): self = .resting(for: wait)
        case .out(.breaker): self = .broken
        case .out(.tooLarge): self = .tooLarge
        case .out(.keyRejected), .out(.noCredit), .out(.accessMissing), .out(.modelNotFound): self = .out
        }
    }
}

extension LimitNotice {
    /// - Parameter now: when the headers came.
    init(_ window: RateLimits.Window, at now: WallTime) {
        self.init(
            limit: window.limit, remaining: window.remaining,
            resetsIn: window.resetsAt.map {
                .nanoseconds(max(0, $0.nanosecondsSince1970 - now.nanosecondsSince1970))
            })
    }
}
