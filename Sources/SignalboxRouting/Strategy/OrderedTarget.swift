/// A target in its place, and why it stands there.
public struct OrderedTarget: Sendable, Equatable {
    /// Among the route's targets.
    public var target: Int
    public var reason: OrderReason
    /// What the strategy compared, where that is a number: the higher the earlier with `adaptive`, the lower
    /// the earlier with `best-available` (seconds), `least-busy` (share of its cap) and `lowest-cost`
    /// (billionths of the currency's unit).
    public var score: Double?

    public init(target: Int, reason: OrderReason, score: Double? = nil) {
        self.target = target
        self.reason = reason
        self.score = score
    }
}

/// Why a target stands where it does. The raw value is for machines, the text for people.
public enum OrderReason: String, Sendable, CaseIterable {
    case listed
    case turn
    case drawn
    case drawnByWeight = "drawn_by_weight"
    case firstAvailable = "first_available"
    case circle
    case latency
    case degraded
    case score
    case leastBusy = "least_busy"
    case cost
    case noPrice = "no_price"
    case unhealthy
    case closedOff = "closed_off"
    case sticky
    case pinned

    public var text: String {
        switch self {
        case .listed: "its place in the route's list"
        case .turn: "its turn"
        case .drawn: "drawn at random"
        case .drawnByWeight: "drawn at random by weight"
        case .firstAvailable: "the first in the list that is available"
        case .circle: "follows the first available one in the list"
        case .latency: "healthy, then by latency"
        case .degraded: "degraded: after the healthy ones, then by latency"
        case .score: "by score: capacity, latency and weight"
        case .leastBusy: "by how much of its cap is in use"
        case .cost: "by the price of this request"
        case .noPrice: "no price in the route's currency: after those that have one"
        case .unhealthy: "unhealthy: last of its tier"
        case .closedOff: "lets nothing through now: last of its tier"
        case .sticky: "the session's own"
        case .pinned: "asked for by the caller"
        }
    }
}
