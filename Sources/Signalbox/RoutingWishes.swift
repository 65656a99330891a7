public import SignalboxCore

/// What a caller asks of routing, beside the model.
public struct RoutingWishes: Sendable, Equatable {
    /// How urgent it is; nil: as the request's body says, or else `normal`.
    public var priority: RequestPriority?
    /// Requests of one session go to one target, as long as it is healthy. At most ``sessionBytesMax`` count.
    public var session: String?
    /// The provider to try first, by its name; the others still follow.
    public var provider: String?

    /// Of a session's id: longer ones are refused.
    public static let sessionBytesMax = 512

    public init(priority: RequestPriority? = nil, session: String? = nil, provider: String? = nil) {
        self.priority = priority
        self.session = session
        self.provider = provider
    }
}
