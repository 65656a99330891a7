import SignalboxCore

/// Finds the class of a failure: the body's code first, then its type, then what its message is known to say,
/// and only then the status.
enum OpenAICompatibleFailure {
    /// A longer error body is not passed on to the caller.
    static let errorObjectBytesMax = 16 * 1_024

    /// The failure behind a status that is not 2xx.
    static func judge(_ reply: WholeReply, _ dialect: OpenAIDialect) -> UpstreamFailure {
        let (status, body) = (reply.status, reply.body)
        var retryAfter =
            RetryAfter.read(reply.headers, at: reply.receivedAt)
            ?? dialect.limits.read(reply.headers, at: reply.receivedAt).wait(at: reply.receivedAt)
        guard let error = OpenAICompatibleErrorBody(body: body) else {
            let text = String(decoding: body.prefix(1_000), as: UTF8.self).lowercased()
            if let kind = dialect.kindOfText(status, text) {
                return UpstreamFailure(
                    kind, message: Redaction.clean(text), status: status, retryAfter: retryAfter)
            }
            let kind = kindOfUnreadable(FailureStatus(status))
            return UpstreamFailure(
                kind, message: "status \(status) without an error in the provider's format", status: status,
                retryAfter: retryAfter)
        }
        let kind = self.kind(of: OpenAICompatibleError(error, status: status), dialect)
        retryAfter = retryAfter ?? error.limits.wait(at: reply.receivedAt)
        return UpstreamFailure(
            kind, message: Redaction.clean(error.message ?? "status \(status)"), status: status,
            code: error.shownCode, parameter: error.parameter, retryAfter: retryAfter,
            errorObject: error.isNestedObject && mayBeShown(kind) ? shown(body) : nil)
    }

    /// The failure that an `error` inside an otherwise good reply, or one event of a stream, reports.
    static func judge(_ error: JSONValue, in bytes: [UInt8], _ dialect: OpenAIDialect) -> UpstreamFailure {
        judge(OpenAICompatibleErrorBody(error: error, in: bytes), dialect)
    }

    /// The same, read already.
    static func judge(_ body: OpenAICompatibleErrorBody, _ dialect: OpenAIDialect) -> UpstreamFailure {
        let kind = self.kind(of: OpenAICompatibleError(body, status: body.status ?? 200), dialect)
        return UpstreamFailure(
            kind, message: Redaction.clean(body.message ?? "the provider reported an error"),
            status: body.status, code: body.shownCode)
    }

    /// The reason to have stopped is an error, of which nothing more is said.
    static let endedInError = UpstreamFailure(
        .overloaded, message: "the provider's answer ended in an error",
        code: OpenAICompatibleReply.endedInError)

    private static func kind(of error: OpenAICompatibleError, _ dialect: OpenAIDialect) -> FailureKind {
        if let kind = dialect.ownKind(error) { return kind }
        // The key is good; its code is null and its status that of a bad one.
        if error.says("missing scopes") { return .accessMissing }
        if let code = error.body.knownCode { return code.kind }
        switch FailureStatus(error.status) {
        case .invalidRequest, .tooLarge:
            let isTooLong = error.says(
                "maximum context length", "context window", "maximum prompt length", "context_length_exceeded"
            )
            return isTooLong ? .contextTooLong : .invalidRequest
        case .unauthorized:
            // An address that may not call says nothing against the key. Azure says the same of a bad key
            // and of a good one at the wrong address; Fireworks of a key that may not.
            return error.says("ip address", "your ip", "wrong api endpoint", "insufficient permission")
                ? .accessMissing : .keyRejected
        case .paymentRequired: return .noCredit
        case .forbidden: return .accessMissing
        // Without a word of a model, it is the path that does not exist.
        case .notFound: return error.says("model") ? .modelNotFound : .malformedReply
        case .timeout: return .timeout(.total)
        case .tooManyRequests: return .rateLimited
        case .unavailable: return .overloaded
        case .otherClientError, .unexpected: return .malformedReply
        }
    }

    /// Somebody answered who does not speak for the provider, a proxy perhaps: nothing is said of key, credit
    /// or model.
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
