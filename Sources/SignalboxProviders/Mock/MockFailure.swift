import SignalboxCore

/// The modes in which no answer ever begins well.
enum MockFailure {
    /// Nil for the modes that answer.
    static func script(for mode: MockMode, settings: MockSettings) -> ReplyScript? {
        switch mode {
        case .normal, .cut, .stall, .malformedChunk:
            return nil
        case .timeout:
            return ReplyScript(steps: [.stall])
        case .unhealthy:
            return reply(503, "server_error", "service_unavailable", "The mock is unhealthy.", settings)
        case .rateLimit:
            return reply(
                429, "requests", "rate_limit_exceeded", "The mock's rate limit is reached.", settings)
        case .authError:
            return reply(
                401, "invalid_request_error", "invalid_api_key", "The mock knows no such key.", settings)
        case .invalidRequest:
            return reply(
                400, "invalid_request_error", "invalid_value", "The mock finds the request wrong.", settings)
        case .malformed:
            let page = Array("<html><body>It works!</body></html>".utf8)
            return ReplyScript(steps: [
                .wait(settings.latency), .head(status: 200, headers: ["content-type": "text/html"]),
                .bytes(page),
            ])
        }
    }

    private static func reply(
        _ status: Int, _ type: String, _ code: String, _ message: String, _ settings: MockSettings
    ) -> ReplyScript {
        var headers = ["content-type": "application/json"]
        // HTTP counts in whole seconds: rounded up, so that nobody comes back too early.
        if status == 429 {
            headers["retry-after"] = String((settings.retryAfter.millisecondsRoundedUp + 999) / 1_000)
        }
        let body = #"{"error":{"message":"\#(message)","type":"\#(type)","param":null,"code":"\#(code)"}}"#
        return ReplyScript(steps: [
            .wait(settings.latency), .head(status: status, headers: headers), .bytes(Array(body.utf8)),
        ])
    }
}
