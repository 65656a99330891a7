/// Decides, for one key, when to use its token, when to ask for a new one, and when to leave the vendor
/// alone. It waits for nothing and reads no clock.
///
/// ```
///           ask                     ended: token
///  none ───────────▶ fetching ───────────────────▶ held ──┐ ask, near its end: fetched beside its use
///   ▲                   │ ended: failure            │ ▲    │
///   │ ask, after pause  ▼                           │ └────┘
///   └──────────────── paused          ask, expired or rejected ──▶ fetching
/// ```
///
/// At most one request runs. A failure is followed by a pause, twice as long each time, in which everybody is
/// told that failure; and a vendor that rejects a token it has just given out is not asked for the next one
/// at once. So a thousand callers cause one request, and a broken vendor one in ``pauseMax``.
public struct TokenMachine: Sendable {
    /// A token as it is used.
    public struct Held: Sendable, Equatable {
        public let token: Secret
        /// Counts the tokens of this key, so that a rejection can say which one it means.
        public let generation: Int
    }

    /// What somebody who needs a token has to do.
    public enum Answer: Sendable, Equatable {
        case use(Held)
        /// Use it, and ask for the next one meanwhile, with that body.
        case useAndFetch(Held, body: Int)
        /// Ask for one, with that body, and come back when it has ``ended(_:at:wall:)``.
        case fetch(body: Int)
        /// Somebody is asking: come back when that has ended.
        case wait
        case refuse(UpstreamFailure)
    }

    /// What follows a request for a token.
    public enum Next: Sendable, Equatable {
        case done
        /// Ask again at once, with that body.
        case fetch(body: Int)
    }

    /// A token is replaced this long before its end, or after three quarters of its time if that is later.
    public static let margin: Duration = .seconds(60)
    /// A longer life is not believed.
    public static let lifetimeMax: Duration = .seconds(86_400)
    public static let lifetimeMin: Duration = .seconds(1)
    /// After the first failure.
    public static let pauseMin: Duration = .seconds(1)
    public static let pauseMax: Duration = .seconds(60)
    /// From one refresh because of a rejection to the next.
    public static let rejectionInterval: Duration = .seconds(10)

    private let bodyCount: Int
    private let usualLifetime: Duration
    private var held: (value: Held, refreshAt: Instant, expiresAt: Instant)?
    private var generation = 0
    private var isFetching = false
    /// The body that worked last, or is tried.
    private var body = 0
    /// How many bodies the running request has tried.
    private var tried = 0
    private var pause: (until: Instant, failure: UpstreamFailure)?
    private var failuresInARow = 0
    private var rejectionsHeardAgainAt = Instant.past

    public init(bodyCount: Int, usualLifetime: Duration) {
        precondition(bodyCount > 0, "a session has a body to ask with")
        self.bodyCount = bodyCount
        self.usualLifetime = usualLifetime
    }

    /// - Parameter rejected: the generation of a token that the vendor has just refused, with that failure.
    public mutating func ask(at now: Instant, rejected: (Int, UpstreamFailure)? = nil) -> Answer {
        if let (generation, failure) = rejected, generation == held?.value.generation {
            // A vendor that refuses what it has just given would be asked without end.
            if now < rejectionsHeardAgainAt { return .refuse(failure) }
            rejectionsHeardAgainAt = now.advanced(by: TokenMachine.rejectionInterval)
            held = nil
        }
        let isPaused = pause.map { now < $0.until } ?? false
        if let held, now < held.expiresAt {
            if now < held.refreshAt || isFetching || isPaused { return .use(held.value) }
            begin()
            return .useAndFetch(held.value, body: body)
        }
        held = nil
        if isFetching { return .wait }
        if isPaused, let pause { return .refuse(pause.failure) }
        begin()
        return .fetch(body: body)
    }

    private mutating func begin() {
        isFetching = true
        tried = 0
    }

    /// Takes the end of the request for a token, answered or not.
    /// - Parameters:
    ///   - reply: what the session made of the vendor's answer, or the failure of the transfer.
    ///   - wall: the same moment as `now`, for the vendor's word on the token's end.
    public mutating func ended(_ reply: TokenReply, at now: Instant, wall: WallTime) -> Next {
        precondition(isFetching, "only what has begun can end")
        switch reply {
        case .token(let token, let expiresAt):
            hold(token, for: lifetime(until: expiresAt, from: wall), at: now)
            return .done
        case .otherBody(let failure):
            body = (body + 1) % bodyCount
            tried += 1
            if tried < bodyCount { return .fetch(body: body) }
            fail(failure, at: now)
            return .done
        case .failure(let failure):
            fail(failure, at: now)
            return .done
        }
    }

    private mutating func hold(_ token: Secret, for lifetime: Duration, at now: Instant) {
        isFetching = false
        failuresInARow = 0
        pause = nil
        generation += 1
        let margin = min(TokenMachine.margin, lifetime / 4)
        held = (
            Held(token: token, generation: generation), now.advanced(by: lifetime - margin),
            now.advanced(by: lifetime - margin / 10)
        )
    }

    private mutating func fail(_ failure: UpstreamFailure, at now: Instant) {
        isFetching = false
        let doublings = min(failuresInARow, 6)
        failuresInARow += 1
        let own = min(TokenMachine.pauseMax, TokenMachine.pauseMin * (1 << doublings))
        let asked = min(TokenMachine.pauseMax, failure.retryAfter ?? .zero)
        pause = (now.advanced(by: max(own, asked)), failure)
    }

    /// Two clocks that disagree must not make every token an expired one.
    private func lifetime(until expiresAt: WallTime?, from wall: WallTime) -> Duration {
        guard let expiresAt, expiresAt > wall else { return usualLifetime }
        let (left, overflow) = expiresAt.nanosecondsSince1970.subtractingReportingOverflow(
            wall.nanosecondsSince1970)
        if overflow { return usualLifetime }
        return min(max(.nanoseconds(left), TokenMachine.lifetimeMin), TokenMachine.lifetimeMax)
    }
}

/// Spreads the requests for tokens of all keys of one provider.
public struct TokenPace: Sendable {
    private let interval: Duration
    private var free = Instant.past

    public init(interval: Duration) {
        self.interval = interval
    }

    /// Takes the next free moment for a request, `now` or later.
    public mutating func slot(at now: Instant) -> Instant {
        let slot = max(now, free)
        free = slot.advanced(by: interval)
        return slot
    }
}
