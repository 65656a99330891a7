import SignalboxCore

/// The gRPC codes (grpc/grpc, `statuscodes.md`) that the vendor's errors carry.
enum YandexGPTCode: Int, CaseIterable {
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16

    /// - Parameter words: the message in lower case.
    func kind(saying words: String) -> FailureKind {
        switch self {
        case .unauthenticated: .keyRejected
        case .permissionDenied: .accessMissing
        // Its quotas are told no other way than its rate limits.
        case .resourceExhausted: .rateLimited
        case .notFound: .modelNotFound
        case .deadlineExceeded: .timeout(.total)
        case .unknown, .aborted, .internal, .unavailable: .overloaded
        case .invalidArgument, .failedPrecondition, .outOfRange: YandexGPTCode.kindOfInvalid(words)
        }
    }

    private static func kindOfInvalid(_ words: String) -> FailureKind {
        // The key belongs to another folder.
        if words.contains("folder id") && words.contains("match") { return .accessMissing }
        if words.contains("too long") || words.contains("input tokens") || words.contains("context length") {
            return .contextTooLong
        }
        let isOfModel = words.contains("model") && !words.contains("temperature")
        let isMissing = words.contains("not found") || words.contains("uri") || words.contains("not exist")
        return isOfModel && isMissing ? .modelNotFound : .invalidRequest
    }
}

/// Finds the class of a failure: `{"error":{"grpcCode","httpCode","message"}}`, or the fields of gRPC's own
/// status without a wrapper.
enum YandexGPTFailure {
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
    static func read(_ tree: JSONTree, status: Int?, retryAfter: Duration? = nil) -> UpstreamFailure? {
        let error = tree["error"]?.members == nil ? tree : tree["error"] ?? tree
        let code = (error["grpcCode"] ?? error["code"])?.integer
        let message = error["message"]?.string
        guard code != nil || message != nil, status != nil || code != nil else { return nil }
        let own = status ?? error["httpCode"]?.integer
        let words = (message ?? "").prefix(1_000).lowercased()
        let kind =
            code.flatMap(YandexGPTCode.init)?.kind(saying: words)
            ?? self.kind(FailureStatus(own ?? 500), saying: words)
        return UpstreamFailure(
            kind, message: clean(message ?? "gRPC code \(code ?? 0)"), status: own,
            code: code.map { String($0) }, retryAfter: retryAfter)
    }

    private static func kind(_ status: FailureStatus, saying words: String) -> FailureKind {
        switch status {
        case .invalidRequest: YandexGPTCode.invalidArgument.kind(saying: words)
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

    /// Refusals of keys quote the key: nothing between quotes is repeated where a key is spoken of.
    private static func clean(_ message: String) -> String {
        let words = message.prefix(1_000).lowercased()
        guard words.contains("key") || words.contains("token") else { return Redaction.clean(message) }
        let pieces = message.prefix(1_000).split(
            omittingEmptySubsequences: false, whereSeparator: { "'\"`".contains($0) })
        let shown = pieces.enumerated().map { $0.offset.isMultiple(of: 2) ? String($0.element) : "'•••'" }
        return Redaction.clean(shown.joined())
    }
}
