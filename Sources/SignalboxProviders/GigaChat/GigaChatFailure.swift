import SignalboxCore

/// What the token endpoint calls its refusals, whatever the status beside them.
enum GigaChatCode: Int, CaseIterable {
    case scopeMalformed = 1
    case authorizationUndecodable = 4
    case scopeEmpty = 5
    case credentialsUnknown = 6
    case scopeMismatch = 7

    var label: String { String(rawValue) }

    var kind: FailureKind {
        switch self {
        case .authorizationUndecodable, .credentialsUnknown: .keyRejected
        // The key is good, and was asked for what it does not have.
        case .scopeMalformed, .scopeEmpty, .scopeMismatch: .accessMissing
        }
    }
}

/// Finds the class of a failure. The token endpoint answers `{"code","message"}`, the API
/// `{"status","message"}`.
enum GigaChatFailure {
    static func judge(_ reply: WholeReply) -> UpstreamFailure {
        let retryAfter = RetryAfter.read(reply.headers, at: reply.receivedAt)
        let tree: JSONTree
        do throws(JSONSyntaxError) { tree = try JSONTree(parsing: reply.body) } catch { tree = .null }
        if let failure = read(tree, status: reply.status, retryAfter: retryAfter) { return failure }
        return UpstreamFailure(
            FailureStatus(reply.status).kindWithoutError,
            message: "status \(reply.status) without an error in the provider's format",
            status: reply.status, retryAfter: retryAfter)
    }

    /// Nil where it is no error.
    /// - Parameter status: nil inside a reply that is otherwise good: then the error's own counts.
    static func read(_ tree: JSONTree, status: Int?, retryAfter: Duration? = nil) -> UpstreamFailure? {
        let tree = tree["error"]?.members == nil ? tree : tree["error"] ?? tree
        let code = tree["code"]?.integer
        let own = tree["status"]?.integer
        let message = tree["message"]?.string ?? tree["error_description"]?.string
        guard message != nil || code != nil, status != nil || own != nil || code != nil else { return nil }
        let words = (message ?? "").prefix(1_000).lowercased()
        let kind =
            code.flatMap(GigaChatCode.init)?.kind
            ?? self.kind(FailureStatus(status ?? own ?? 500), saying: words)
        return UpstreamFailure(
            kind, message: Redaction.clean(message ?? "code \(code ?? 0)"), status: status ?? own,
            code: (code ?? own).map { String($0) }, retryAfter: retryAfter)
    }

    private static func kind(_ status: FailureStatus, saying words: String) -> FailureKind {
        switch status {
        case .invalidRequest:
            words.contains("context") || words.contains("tokens limit") || words.contains("too long")
                ? .contextTooLong : .invalidRequest
        case .unauthorized: .keyRejected
        case .paymentRequired: .noCredit
        case .forbidden: .accessMissing
        case .notFound: words.contains("model") ? .modelNotFound : .malformedReply
        case .timeout: .timeout(.total)
        case .tooLarge: .contextTooLong
        case .tooManyRequests: .rateLimited
        case .unavailable: .overloaded
        case .otherClientError, .unexpected: .malformedReply
        }
    }
}
