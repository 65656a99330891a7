import SignalboxCore

/// Finds the class of a failure: the reason in the error's details first, then what its message is known to
/// say, then Google's status, and only then HTTP's.
enum GeminiFailure {
    /// The failure behind a status that is not 2xx.
    static func judge(_ reply: WholeReply) -> UpstreamFailure {
        let header = RetryAfter.read(reply.headers, at: reply.receivedAt)
        guard let error = GeminiError(body: reply.body) else {
            return UpstreamFailure(
                FailureStatus(reply.status).kindWithoutError,
                message: "status \(reply.status) without an error in the provider's format",
                status: reply.status, retryAfter: header)
        }
        return failure(error, status: reply.status, at: reply.receivedAt, header: header)
    }

    /// The failure that an `error` in an otherwise good reply, or in an event of a stream, reports.
    static func judge(_ error: JSONTree, status: Int?) -> UpstreamFailure {
        let error = GeminiError(error)
        return failure(error, status: status ?? error.code ?? 200, at: nil, header: nil)
    }

    private static func failure(
        _ error: GeminiError, status: Int, at now: WallTime?, header: Duration?
    ) -> UpstreamFailure {
        let kind = self.kind(of: error, status: status)
        var waits = [header, error.retryDelay].compactMap(\.self)
        // A day's quota is not there again after the seconds that the error asks for.
        if kind == .rateLimited, error.isDailyQuota, let now { waits.append(GeminiQuota.untilReset(at: now)) }
        let code = error.quotaID ?? error.reason ?? error.status
        return UpstreamFailure(
            kind, message: Redaction.clean(error.message ?? "status \(status)"), status: status,
            code: code.map { String(Redaction.clean($0).prefix(64)) },
            parameter: kind == .invalidRequest ? error.field : nil, retryAfter: waits.max())
    }

    private static func kind(of error: GeminiError, status: Int) -> FailureKind {
        if let reason = error.reason.flatMap(GeminiErrorReason.init(rawValue:)) { return reason.kind }
        let message = (error.message ?? "").prefix(1_000).lowercased()
        if let kind = kind(saidBy: message) { return kind }
        if status == 402 { return .noCredit }
        if let known = error.status.flatMap(GeminiErrorStatus.init(rawValue:)) {
            return kind(of: known, message: message)
        }
        return kind(of: FailureStatus(status), message: message)
    }

    /// What only the words tell: the statuses are those of other failures.
    private static func kind(saidBy message: String) -> FailureKind? {
        func says(_ phrases: String...) -> Bool { phrases.contains { message.contains($0) } }
        if says("denied access", "location is not supported") { return .accessMissing }
        if says("api key not valid", "api key expired", "reported as leaked", "unregistered callers") {
            return .keyRejected
        }
        if says("credits are depleted", "prepay", "billing account") { return .noCredit }
        if says("exceeds the maximum number of tokens", "input token count") { return .contextTooLong }
        return nil
    }

    private static func kind(of status: GeminiErrorStatus, message: String) -> FailureKind {
        switch status {
        case .invalidArgument, .outOfRange, .alreadyExists, .unimplemented: .invalidRequest
        // A region, or a plan, from which this cannot be called.
        case .failedPrecondition: .accessMissing
        case .unauthenticated: .keyRejected
        case .permissionDenied: .accessMissing
        // A file or a cache that is gone was named by the request.
        case .notFound: message.contains("model") ? .modelNotFound : .invalidRequest
        case .resourceExhausted: .rateLimited
        case .aborted, .cancelled, .dataLoss, .internalError, .unavailable, .unknown: .overloaded
        case .deadlineExceeded: .timeout(.total)
        }
    }

    /// An error in Google's form whose status we do not know.
    private static func kind(of status: FailureStatus, message: String) -> FailureKind {
        switch status {
        case .invalidRequest, .tooLarge: .invalidRequest
        case .unauthorized: .keyRejected
        case .paymentRequired: .noCredit
        case .forbidden: .accessMissing
        case .notFound: message.contains("model") ? .modelNotFound : .malformedReply
        case .timeout: .timeout(.total)
        case .tooManyRequests: .rateLimited
        case .unavailable: .overloaded
        case .otherClientError, .unexpected: .malformedReply
        }
    }
}

/// `google.rpc.Code`, as an error's `status` spells it.
enum GeminiErrorStatus: String, CaseIterable {
    case invalidArgument = "INVALID_ARGUMENT"
    case outOfRange = "OUT_OF_RANGE"
    case alreadyExists = "ALREADY_EXISTS"
    case unimplemented = "UNIMPLEMENTED"
    case failedPrecondition = "FAILED_PRECONDITION"
    case unauthenticated = "UNAUTHENTICATED"
    case permissionDenied = "PERMISSION_DENIED"
    case notFound = "NOT_FOUND"
    case resourceExhausted = "RESOURCE_EXHAUSTED"
    case aborted = "ABORTED"
    case cancelled = "CANCELLED"
    case dataLoss = "DATA_LOSS"
    case internalError = "INTERNAL"
    case unavailable = "UNAVAILABLE"
    case unknown = "UNKNOWN"
    case deadlineExceeded = "DEADLINE_EXCEEDED"
}

/// The reasons of `google.rpc.ErrorInfo` that decide alone.
enum GeminiErrorReason: String, CaseIterable {
    case keyInvalid = "API_KEY_INVALID"
    case keyExpired = "API_KEY_EXPIRED"
    case credentialsMissing = "CREDENTIALS_MISSING"
    /// Seen for keys of a newer form.
    case tokenTypeUnsupported = "ACCESS_TOKEN_TYPE_UNSUPPORTED"
    case tokenExpired = "ACCESS_TOKEN_EXPIRED"
    case serviceBlocked = "API_KEY_SERVICE_BLOCKED"
    case referrerBlocked = "API_KEY_HTTP_REFERRER_BLOCKED"
    case addressBlocked = "API_KEY_IP_ADDRESS_BLOCKED"
    case androidBlocked = "API_KEY_ANDROID_APP_BLOCKED"
    case iosBlocked = "API_KEY_IOS_APP_BLOCKED"
    case serviceDisabled = "SERVICE_DISABLED"
    case consumerSuspended = "CONSUMER_SUSPENDED"
    case consumerInvalid = "CONSUMER_INVALID"
    case scopeInsufficient = "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    case permissionDenied = "IAM_PERMISSION_DENIED"
    case billingDisabled = "BILLING_DISABLED"
    case rateLimitExceeded = "RATE_LIMIT_EXCEEDED"

    var kind: FailureKind {
        switch self {
        case .keyInvalid, .keyExpired, .credentialsMissing, .tokenTypeUnsupported, .tokenExpired: .keyRejected
        case .serviceBlocked, .referrerBlocked, .addressBlocked, .androidBlocked, .iosBlocked,
            .serviceDisabled, .consumerSuspended, .consumerInvalid, .scopeInsufficient, .permissionDenied:
            .accessMissing
        case .billingDisabled: .noCredit
        case .rateLimitExceeded: .rateLimited
        }
    }
}
