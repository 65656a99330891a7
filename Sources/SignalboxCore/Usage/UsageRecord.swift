/// What one attempt at a provider used and cost: a line of somebody's bill.
///
/// One is made for every attempt, whatever became of it. Its ``id`` is set once, when it is made, and stays
/// the same over every delivery, so that a receiver can count it once.
public struct UsageRecord: Sendable, Equatable {
    /// The schema's name in JSON. Fields are added to it, never renamed.
    public static let schema = "signalbox.usage.v1"

    /// Who counted the tokens.
    public enum Source: String, Sendable, CaseIterable {
        case provider
        /// Nobody but us, by a rule of thumb: the provider did not say.
        case estimated
        /// Nobody: there is nothing to count.
        case none
    }

    /// How an attempt ended.
    public enum Outcome: String, Sendable, CaseIterable {
        case success
        /// Before anything of an answer had reached the caller.
        case failure
        /// After the caller had a part of the answer.
        case interrupted
        /// Given up: the caller had left, or another provider was faster.
        case cancelled
    }

    public var id: UUIDv7
    /// The request's `x-request-id`. Callers may choose it: it is no billing id.
    public var requestID: String
    /// From 1, in the order in which a request's attempts began.
    public var attempt: Int
    /// Its name in the configuration.
    public var provider: String
    /// Of the provider.
    public var model: String
    /// What the caller asked for.
    public var requestedModel: String
    /// Nil where ``source`` is `none`.
    public var usage: TokenUsage?
    public var source: Source
    /// Nil where no price is known, or nothing is charged.
    public var cost: Money?
    /// Of the price book, where there is one.
    public var priceVersion: String?
    public var latency: Duration
    /// Of streams that brought something.
    public var timeToFirstToken: Duration?
    public var isStreaming: Bool
    public var outcome: Outcome
    /// The class of the failure; nil for a success.
    public var errorType: String?
    /// The alias of the key that the provider was called with; never a part of it.
    public var key: String
    /// When the attempt ended.
    public var timestamp: WallTime
    /// `anonymous` where the configuration has no tenants.
    public var tenant: String
    /// The alias of the key that the caller sent; nil where the configuration has no tenants.
    public var tenantKey: String?
    public var platformKeyID: String?
    public var sessionID: String?

    public init(
        id: UUIDv7, requestID: String, attempt: Int, provider: String, model: String, requestedModel: String,
        usage: TokenUsage? = nil, source: Source = .none, cost: Money? = nil, priceVersion: String? = nil,
        latency: Duration, timeToFirstToken: Duration? = nil, isStreaming: Bool = false, outcome: Outcome,
        errorType: String? = nil, key: String, timestamp: WallTime, tenant: String, tenantKey: String? = nil,
        platformKeyID: String? = nil, sessionID: String? = nil
    ) {
        self.id = id
        self.requestID = requestID
        self.attempt = attempt
        self.provider = provider
        self.model = model
        self.requestedModel = requestedModel
        self.usage = usage
        self.source = source
        self.cost = cost
        self.priceVersion = priceVersion
        self.latency = latency
        self.timeToFirstToken = timeToFirstToken
        self.isStreaming = isStreaming
        self.outcome = outcome
        self.errorType = errorType
        self.key = key
        self.timestamp = timestamp
        self.tenant = tenant
        self.tenantKey = tenantKey
        self.platformKeyID = platformKeyID
        self.sessionID = sessionID
    }
}
