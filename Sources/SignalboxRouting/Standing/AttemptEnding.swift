public import SignalboxCore

/// How an attempt ended, as far as it is remembered.
public struct AttemptEnding: Sendable, Equatable {
    /// Nil for an answer.
    public var failure: FailureKind?
    /// How long the provider asks to be left alone.
    public var retryAfter: Duration?
    /// Limits of this provider are counted for each model apart: a rate limit, and what ``requestLimit`` and
    /// ``tokenLimit`` say, is about this key with this model alone.
    public var limitIsPerModel: Bool
    /// Used, both sides together; nil if unknown: what was reserved stands.
    public var tokensUsed: Int?
    /// To the answer, or to a stream's first delta. Only that of answers is remembered.
    public var latency: Duration
    public var requestLimit: LimitNotice?
    public var tokenLimit: LimitNotice?

    public init(
        failure: FailureKind? = nil, retryAfter: Duration? = nil, limitIsPerModel: Bool = false,
        tokensUsed: Int? = nil, latency: Duration = .zero, requestLimit: LimitNotice? = nil,
        tokenLimit: LimitNotice? = nil
    ) {
        self.failure = failure
        self.retryAfter = retryAfter
        self.limitIsPerModel = limitIsPerModel
        self.tokensUsed = tokensUsed
        self.latency = latency
        self.requestLimit = requestLimit
        self.tokenLimit = tokenLimit
    }
}

/// What the headers of a reply say of one of the provider's limits on the key; nil where they say nothing.
public struct LimitNotice: Sendable, Equatable {
    public var limit: Int?
    public var remaining: Int?
    /// From the reply on.
    public var resetsIn: Duration?

    public init(limit: Int? = nil, remaining: Int? = nil, resetsIn: Duration? = nil) {
        self.limit = limit
        self.remaining = remaining
        self.resetsIn = resetsIn
    }
}
