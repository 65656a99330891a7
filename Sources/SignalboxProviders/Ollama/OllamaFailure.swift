import SignalboxCore

/// Finds the class of a failure. Ollama's errors are `{"error":"…"}`, words alone: what they are known to say
/// comes first, the status second.
enum OllamaFailure {
    /// The failure behind a status that is not 2xx.
    static func judge(_ reply: WholeReply) -> UpstreamFailure {
        let retryAfter = RetryAfter.read(reply.headers, at: reply.receivedAt)
        let status = FailureStatus(reply.status)
        guard let message = message(of: reply.body) else {
            return UpstreamFailure(
                status.kindWithoutError,
                message: "status \(reply.status) without an error in the provider's format",
                status: reply.status, retryAfter: retryAfter)
        }
        let words = String(message.prefix(1_000)).lowercased()
        return UpstreamFailure(
            kind(saidBy: words) ?? kind(of: status, words), message: Redaction.clean(message),
            status: reply.status, retryAfter: retryAfter)
    }

    /// The failure that a line of a good reply reports: the model has stopped running.
    static func judge(_ message: String) -> UpstreamFailure {
        let words = String(message.prefix(1_000)).lowercased()
        return UpstreamFailure(kind(saidBy: words) ?? .overloaded, message: Redaction.clean(message))
    }

    /// Nil where the body is not JSON or has no error. One that is an object has a message in it.
    private static func message(of body: [UInt8]) -> String? {
        do throws(JSONSyntaxError) {
            let error = try JSONTree(parsing: body)["error"]
            return error?.string ?? error?["message"]?.string
        } catch {
            return nil
        }
    }

    private static func kind(saidBy words: String) -> FailureKind? {
        func says(_ phrases: String...) -> Bool { phrases.contains { words.contains($0) } }
        if says("context length", "context window", "exceeds maximum context") { return .contextTooLong }
        if says("requires a subscription", "upgrade for access") { return .accessMissing }
        if says("does not support") { return .invalidRequest }
        if words.contains("model"), says("not found", "does not exist") { return .modelNotFound }
        if says("usage limit", "too many requests", "rate limit") { return .rateLimited }
        if says("server busy", "runner process", "system memory") { return .overloaded }
        return nil
    }

    private static func kind(of status: FailureStatus, _ words: String) -> FailureKind {
        switch status {
        case .invalidRequest, .tooLarge: .invalidRequest
        case .unauthorized: .keyRejected
        case .paymentRequired: .noCredit
        case .forbidden: .accessMissing
        case .notFound: words.contains("model") ? .modelNotFound : .malformedReply
        case .timeout: .timeout(.total)
        case .tooManyRequests: .rateLimited
        case .unavailable: .overloaded
        case .otherClientError, .unexpected: .malformedReply
        }
    }
}
