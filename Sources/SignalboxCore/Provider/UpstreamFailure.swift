/// What went wrong with one attempt at a provider: the closed list from which every routing judgement
/// follows.
public enum FailureKind: Sendable, Hashable {
    /// Refused, unresolvable, TLS failed, or reset before any byte of the answer.
    case unreachable
    case timeout(TimeoutPhase)
    /// 5xx, or the provider's own word that it has no capacity.
    case overloaded
    case rateLimited
    /// The key is invalid, expired or disabled.
    case keyRejected
    /// No credit left, or a spend limit reached.
    case noCredit
    /// The key is good but lacks the scope, or access to this model.
    case accessMissing
    case modelNotFound
    case contextTooLong
    case contentFiltered
    case invalidRequest
    /// The answer is not in the provider's format.
    case malformedReply
    /// The answer broke off after its first delta.
    case interrupted
    /// The caller left before the answer was whole.
    case cancelled

    /// The value of the `error_type` label and field. Dashboards depend on it: add, never rename.
    public var label: String {
        switch self {
        case .unreachable: "unreachable"
        case .timeout: "timeout"
        case .overloaded: "overloaded"
        case .rateLimited: "rate_limited"
        case .keyRejected: "key_rejected"
        case .noCredit: "no_credit"
        case .accessMissing: "access_missing"
        case .modelNotFound: "model_not_found"
        case .contextTooLong: "context_too_long"
        case .contentFiltered: "content_filtered"
        case .invalidRequest: "invalid_request"
        case .malformedReply: "malformed_reply"
        case .interrupted: "interrupted"
        case .cancelled: "cancelled"
        }
    }

    /// Every kind once (a timeout by one of its phases: they share a label), for metrics that start at zero.
    public static let all: [FailureKind] = [
        .unreachable, .timeout(.total), .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing,
        .modelNotFound, .contextTooLong, .contentFiltered, .invalidRequest, .malformedReply, .interrupted,
        .cancelled,
    ]
}

/// Which of an attempt's time limits ran out.
public enum TimeoutPhase: String, Sendable, Hashable, CaseIterable {
    case connect
    case firstByte = "first_byte"
    case idle
    case total
}

/// One failed attempt, as far as the provider or the network told.
public struct UpstreamFailure: Error, Sendable, Equatable {
    public var kind: FailureKind
    /// The HTTP status, where there was one.
    public var status: Int?
    /// For people. Never contains a key or a prompt.
    public var message: String
    /// The provider's own machine-readable code, if it sent one.
    public var code: String?
    /// The field of the request that is at fault, such as `messages[2].content`, where that is known.
    public var parameter: String?
    /// How long the provider asks to be left alone, from Retry-After in any of its forms.
    public var retryAfter: Duration?
    /// The provider's reply body as it came, where it is an OpenAI error object that the caller may see.
    public var errorObject: [UInt8]?

    public init(
        _ kind: FailureKind, message: String, status: Int? = nil, code: String? = nil,
        parameter: String? = nil, retryAfter: Duration? = nil, errorObject: [UInt8]? = nil
    ) {
        self.kind = kind
        self.message = message
        self.status = status
        self.code = code
        self.parameter = parameter
        self.retryAfter = retryAfter
        self.errorObject = errorObject
    }

    /// A request that we refuse ourselves, naming the field.
    public static func refused(_ parameter: String, _ message: String) -> UpstreamFailure {
        UpstreamFailure(
            .invalidRequest, message: message, status: 400, code: "invalid_value", parameter: parameter)
    }
}
