public import SignalboxCore

/// What one tenant may still ask for: its windows of requests and tokens, and its requests in flight.
public struct Allowance: Sendable {
    public enum Admission: Sendable, Equatable {
        case open(Ticket)
        /// As many requests as it may have are in flight.
        case busy
        /// A window is full for so long yet.
        case limited(for: Duration)
        /// The request alone is larger than the window of tokens.
        case tooLarge
    }

    /// What is reserved for one request; settled exactly once.
    public struct Ticket: Sendable, Equatable {
        let tokens: Int
        let admittedAt: Instant
    }

    public private(set) var inFlight = 0
    private var limits: StandingSettings.Limits
    private var requests: RateWindow
    private var tokens: RateWindow

    public init(_ limits: StandingSettings.Limits = .init()) {
        self.limits = limits
        requests = RateWindow(limit: limits.requestsPerMinute)
        tokens = RateWindow(limit: limits.tokensPerMinute)
    }

    /// Takes other limits, and keeps what it has counted.
    public mutating func adopt(_ limits: StandingSettings.Limits) {
        self.limits = limits
        requests.limit = limits.requestsPerMinute
        tokens.limit = limits.tokensPerMinute
    }

    /// - Parameter count: the request's tokens, estimated: reserved until ``settle(_:tokensUsed:at:)``.
    public mutating func admit(tokens count: Int, at now: Instant) -> Admission {
        if let concurrency = limits.concurrency, inFlight >= concurrency { return .busy }
        let opening = max(requests.opening(for: 1, at: now), tokens.opening(for: count, at: now))
        if opening == RateWindow.never { return .tooLarge }
        if opening > now { return .limited(for: now.duration(to: opening)) }
        requests.reserve(1, at: now)
        tokens.reserve(count, at: now)
        inFlight += 1
        return .open(Ticket(tokens: count, admittedAt: now))
    }

    /// - Parameter used: tokens of both sides; nil if unknown: what was reserved stands.
    public mutating func settle(_ ticket: Ticket, tokensUsed used: Int?, at now: Instant) {
        precondition(inFlight > 0, "a ticket is settled once")
        inFlight -= 1
        guard let used else { return }
        tokens.settle(reserved: ticket.tokens, used: used, reservedAt: ticket.admittedAt, at: now)
    }

    /// Requests and tokens of the last 60 seconds.
    public mutating func used(at now: Instant) -> (requests: Int, tokens: Int) {
        (requests.used(at: now), tokens.used(at: now))
    }
}
