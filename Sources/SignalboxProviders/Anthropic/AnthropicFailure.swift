import SignalboxCore

/// Finds the class of a failure: the error's type first, as far as it decides, then what its message is known
/// to say, then the status.
enum AnthropicFailure {
    /// The failure behind a status that is not 2xx.
    static func judge(_ reply: WholeReply) -> UpstreamFailure {
        let limits = AnthropicLimits.read(reply.headers)
        let retryAfter =
            RetryAfter.read(reply.headers, at: reply.receivedAt)
            ?? AnthropicLimits.wait(limits, at: reply.receivedAt)
        guard let error = Body(reply.body) else {
            return UpstreamFailure(
                kindOfUnreadable(FailureStatus(reply.status)),
                message: "status \(reply.status) without an error in the provider's format",
                status: reply.status, retryAfter: retryAfter)
        }
        return UpstreamFailure(
            kind(of: error, FailureStatus(reply.status)), message: Redaction.clean(error.message),
            status: reply.status, code: error.shownCode, retryAfter: retryAfter)
    }

    /// The failure that an `error` event reports, or a body behind a status of 200.
    static func judge(event: JSONTree) -> UpstreamFailure {
        guard let error = Body(event) else {
            return UpstreamFailure(.malformedReply, message: "the provider reported an error without words")
        }
        return UpstreamFailure(
            kind(of: error, .unexpected), message: Redaction.clean(error.message), code: error.shownCode)
    }

    private struct Body {
        let type: String
        let message: String

        init?(_ bytes: [UInt8]) {
            do throws(JSONSyntaxError) {
                self.init(try JSONTree(parsing: bytes))
            } catch {
                return nil
            }
        }

        init?(_ tree: JSONTree) {
            guard let error = tree["error"], let type = error["type"]?.string else { return nil }
            self.type = type
            message = error["message"]?.string ?? type
        }

        var shownCode: String { String(Redaction.clean(type).prefix(64)) }
    }

    private static func kind(of error: Body, _ status: FailureStatus) -> FailureKind {
        let message = error.message.prefix(1_000).lowercased()
        // Money comes as an invalid request, too, and as a rate limit that no waiting lifts.
        let isMoney = ["credit balance is too low", "usage limits", "spend limit", "monthly"].contains {
            message.contains($0)
        }
        switch error.type {
        case "authentication_error": return .keyRejected
        case "billing_error": return .noCredit
        case "permission_error": return .accessMissing
        case "rate_limit_error": return isMoney ? .noCredit : .rateLimited
        case "overloaded_error", "api_error": return .overloaded
        case "timeout_error": return .timeout(.total)
        case "not_found_error": return message.contains("model") ? .modelNotFound : .malformedReply
        case "request_too_large": return .contextTooLong
        case "invalid_request_error": return isMoney ? .noCredit : kindOfInvalid(message)
        default: return kind(of: status, isMoney: isMoney, message)
        }
    }

    private static func kindOfInvalid(_ message: String) -> FailureKind {
        let words = ["prompt is too long", "context limit", "context window", "maximum context"]
        if words.contains(where: { message.contains($0) }) { return .contextTooLong }
        return message.contains("content filter") || message.contains("usage policy")
            ? .contentFiltered : .invalidRequest
    }

    /// For types that are not known yet.
    private static func kind(of status: FailureStatus, isMoney: Bool, _ message: String) -> FailureKind {
        switch status {
        case .invalidRequest: isMoney ? .noCredit : kindOfInvalid(message)
        case .unauthorized: .keyRejected
        case .paymentRequired: .noCredit
        case .forbidden: .accessMissing
        case .notFound: message.contains("model") ? .modelNotFound : .malformedReply
        case .timeout: .timeout(.total)
        case .tooLarge: .contextTooLong
        case .tooManyRequests: isMoney ? .noCredit : .rateLimited
        case .unavailable: .overloaded
        case .otherClientError, .unexpected: .malformedReply
        }
    }

    /// Somebody answered who does not speak for the provider: nothing is said of key, credit or model.
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
}

/// Reads the `anthropic-ratelimit-…` headers.
enum AnthropicLimits {
    static func read(_ headers: HeaderBlock) -> RateLimits {
        let requests = window(
            headers["anthropic-ratelimit-requests-limit"], headers["anthropic-ratelimit-requests-remaining"],
            headers["anthropic-ratelimit-requests-reset"])
        let tokens = [
            window(
                headers["anthropic-ratelimit-tokens-limit"], headers["anthropic-ratelimit-tokens-remaining"],
                headers["anthropic-ratelimit-tokens-reset"]),
            window(
                headers["anthropic-ratelimit-input-tokens-limit"],
                headers["anthropic-ratelimit-input-tokens-remaining"],
                headers["anthropic-ratelimit-input-tokens-reset"]),
            window(
                headers["anthropic-ratelimit-output-tokens-limit"],
                headers["anthropic-ratelimit-output-tokens-remaining"],
                headers["anthropic-ratelimit-output-tokens-reset"]),
        ]
        return RateLimits(
            requests: requests, tokens: tokens.compactMap(\.self).min { headroom($0) < headroom($1) })
    }

    /// Until every limit that is used up is there again; nil where none is, or none says when.
    static func wait(_ limits: RateLimits, at now: WallTime) -> Duration? {
        let resets = [limits.requests, limits.tokens].compactMap(\.self).filter { $0.remaining == 0 }
        guard let last = resets.compactMap(\.resetsAt).max() else { return nil }
        let wait = Duration.nanoseconds(last.nanosecondsSince1970 - now.nanosecondsSince1970)
        return min(max(wait, .zero), RetryAfter.longest)
    }

    private static func window(_ limit: String?, _ remaining: String?, _ reset: String?) -> RateLimits.Window?
    {
        let window = RateLimits.Window(
            limit: limit.flatMap { Int($0) }, remaining: remaining.flatMap { Int($0) },
            resetsAt: reset.flatMap(InternetDate.parse))
        return window == RateLimits.Window() ? nil : window
    }

    /// The part that is left.
    private static func headroom(_ window: RateLimits.Window) -> Double {
        guard let remaining = window.remaining else { return 1 }
        return Double(remaining) / Double(max(1, window.limit ?? remaining))
    }
}
