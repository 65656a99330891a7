/// How the `mock` kind answers, and what it pretends to have counted.
public struct MockSettings: Sendable, Equatable {
    /// Before the first byte.
    public var latency: Duration
    /// A streamed answer comes in this many pieces.
    public var chunkCount: Int
    /// Between two pieces.
    public var chunkInterval: Duration
    public var text: String
    /// For `mock-cut` and `mock-stall`: how many pieces come before it happens.
    public var cutAfterChunks: Int
    public var promptTokens: Int
    public var completionTokens: Int
    /// What `mock-ratelimit` asks for.
    public var retryAfter: Duration

    public init(
        latency: Duration = .zero, chunkCount: Int = 4, chunkInterval: Duration = .zero,
        text: String = "This is a mock answer: no model was asked.", cutAfterChunks: Int = 2,
        promptTokens: Int = 10, completionTokens: Int = 20, retryAfter: Duration = .seconds(1)
    ) {
        precondition(chunkCount > 0 && cutAfterChunks >= 0, "an answer has at least one piece")
        self.latency = latency
        self.chunkCount = chunkCount
        self.chunkInterval = chunkInterval
        self.text = text
        self.cutAfterChunks = cutAfterChunks
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.retryAfter = retryAfter
    }
}

/// What a mock model does: the model's name chooses.
public enum MockMode: String, Sendable, CaseIterable {
    case normal = "mock-normal"
    /// Never answers.
    case timeout = "mock-timeout"
    /// 503
    case unhealthy = "mock-unhealthy"
    /// 429 with Retry-After
    case rateLimit = "mock-ratelimit"
    /// 401
    case authError = "mock-auth-error"
    /// 400
    case invalidRequest = "mock-invalid-request"
    /// The connection breaks in the middle of the answer.
    case cut = "mock-cut"
    /// The answer stops in the middle, and the connection stays open.
    case stall = "mock-stall"
    /// 200 with a page of HTML.
    case malformed = "mock-malformed"
    /// A good answer, except that the second event of a stream is not JSON.
    case malformedChunk = "mock-malformed-chunk"

    /// Any other name answers normally, so that a route can be tried before its providers exist.
    public init(model: String) {
        self = MockMode(rawValue: model) ?? .normal
    }
}
