import SignalboxCore

/// Finds the class of a failure: the body's code first, then its type, then what its message is known to say, and
/// only then the status.
enum OpenAICompatibleFailure {
    /// A longer error body is not passed on to the caller.
    static let errorObjectBytesMax = 16 * 1_024

    /// The failure behind a status that is not 2xx.
    static func judge(status: Int, body: [UInt8], retryAfter: Duration?) -> UpstreamFailure {
        guard let error = OpenAICompatibleErrorBody(body: body) else {
            let kind = kindOfUnreadable(FailureStatus(status))
            return UpstreamFailure(
                kind, message: "status \(status) without an error in the provider's format", status: status,
                retryAfter: retryAfter)
        }
        let kind = self.kind(of: error, status: status)
        return UpstreamFailure(
            kind, message: Redaction.clean(error.message ?? "status \(status)"), status: status,
            code: error.shownCode, retryAfter: retryAfter,
            errorObject: error.isNestedObject && mayBeShown(kind) ? shown(body) : nil)
    }

    /// The failure that an `error` inside an otherwise good reply, or one event of a stream, reports.
    static func judge(_ error: JSONValue, of fields: JSONFields, status: Int?) -> UpstreamFailure {
        let body = OpenAICompatibleErrorBody(error: error, in: fields.bytes)
        let kind = self.kind(of: body, status: status ?? body.status ?? 200)
        return UpstreamFailure(
            kind, message: Redaction.clean(body.message ?? "the provider reported an error"),
            status: status ?? body.status, code: body.shownCode)
    }

    private static func kind(of error: OpenAICompatibleErrorBody, status: Int) -> FailureKind {
        let message = (error.message ?? "").prefix(1_000).lowercased()
        // The key is good; its code is null and its status that of a bad one.
        if message.contains("missing scopes") { return .accessMissing }
        if let code = error.knownCode { return code.kind }
        switch FailureStatus(status) {
        case .invalidRequest, .tooLarge:
            let isTooLong = message.contains("maximum context length") || message.contains("context window")
            return isTooLong ? .contextTooLong : .invalidRequest
        case .unauthorized:
            // An address that may not call says nothing against the key.
            return message.contains("ip address") || message.contains("your ip")
                ? .accessMissing : .keyRejected
        case .paymentRequired: return .noCredit
        case .forbidden: return .accessMissing
        // Without a word of a model, it is the path that does not exist.
        case .notFound: return message.contains("model") ? .modelNotFound : .malformedReply
        case .timeout: return .timeout(.total)
        case .tooManyRequests: return .rateLimited
        case .unavailable: return .overloaded
        case .otherClientError, .unexpected: return .malformedReply
        }
    }

    /// Somebody answered who does not speak for the provider, a proxy perhaps: nothing is said of key, credit or model.
    private static func kindOfUnreadable(_ status: FailureStatus) -> FailureKind {
        switch status {
        case .tooManyRequests: .rateLimited
        case .unavailable: .overloaded
        case .timeout: .timeout(.total)
        case .invalidRequest, .unauthorized, .paymentRequired, .forbidden, .notFound, .tooLarge,
            .otherClientError, .unexpected:
            .malformedReply
        }
    }

    /// The caller sees the provider's own error where the request is at fault; the rest concerns our keys.
    private static func mayBeShown(_ kind: FailureKind) -> Bool {
        switch kind {
        case .invalidRequest, .contextTooLong, .contentFiltered, .modelNotFound: true
        case .unreachable, .timeout, .overloaded, .rateLimited, .keyRejected, .noCredit, .accessMissing,
            .malformedReply, .interrupted, .cancelled:
            false
        }
    }

    private static func shown(_ body: [UInt8]) -> [UInt8]? {
        body.count <= errorObjectBytesMax && Redaction.isClean(body) ? body : nil
    }
}
