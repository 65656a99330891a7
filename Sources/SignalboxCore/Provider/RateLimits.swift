/// What a provider says of the limits on a key, and of what is left; nil where it says nothing.
public struct RateLimits: Sendable, Hashable {
    public struct Window: Sendable, Hashable {
        public var limit: Int?
        public var remaining: Int?
        /// When all of it is there again.
        public var resetsAt: WallTime?

        public init(limit: Int? = nil, remaining: Int? = nil, resetsAt: WallTime? = nil) {
            self.limit = limit
            self.remaining = remaining
            self.resetsAt = resetsAt
        }
    }

    public var requests: Window?
    /// Of both sides where the vendor counts them apart: the tighter one.
    public var tokens: Window?

    public init(requests: Window? = nil, tokens: Window? = nil) {
        self.requests = requests
        self.tokens = tokens
    }

    public var isEmpty: Bool { requests == nil && tokens == nil }
}
