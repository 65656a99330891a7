import SignalboxCore

/// How the vendors of OpenAI's family refuse.
enum OpenAIFamilyErrors {
    private static var retryAfter: [String: String] {
        ["retry-after": String(FakeFailure.retryAfter.components.seconds)]
    }

    @Sendable static func groq(_ failure: FakeFailure) -> ReplyScript {
        func reply(_ status: Int, _ code: String?, _ message: String, type: String) -> ReplyScript {
            .json(status, OpenAIFake.error(message, type: type, code: code))
        }
        switch failure {
        case .keyMissing, .keyBad, .keyExpired:
            return reply(401, "invalid_api_key", "Invalid API Key", type: "invalid_request_error")
        case .noScope:
            return reply(
                403, "not_available_for_plan", "Not in your plan.", type: "permissions_error")
        case .rateLimited:
            return .json(
                429,
                OpenAIFake.error(
                    "Rate limit reached on tokens per minute.", type: "tokens", code: "rate_limit_exceeded"),
                headers: retryAfter)
        case .overloaded:
            return reply(498, "capacity_exceeded", "Flex capacity exceeded.", type: "internal_server_error")
        case .noCredit, .serverError, .contextTooLong, .filtered, .modelMissing, .invalid, .proxyPage:
            return OpenAIFake.refusal(failure)
        }
    }

    /// The fields without a wrapper.
    @Sendable static func cerebras(_ failure: FakeFailure) -> ReplyScript {
        func reply(
            _ status: Int, _ code: String, _ message: String, type: String = "invalid_request_error",
            headers: [String: String] = [:]
        ) -> ReplyScript {
            .json(
                status,
                .object([
                    "message": .string(message), "type": .string(type), "param": .null, "code": .string(code),
                ]), headers: headers)
        }
        switch failure {
        case .keyMissing: return .json(403, .object(["detail": "Not authenticated"]))
        case .keyBad, .keyExpired: return reply(401, "wrong_api_key", "Wrong API Key")
        case .noCredit: return reply(402, "payment_required", "Payment required", type: "payment_required")
        case .noScope: return reply(403, "permission_error", "Not permitted")
        case .rateLimited:
            return reply(
                429, "token_quota_exceeded", "Tokens per minute limit exceeded",
                type: "too_many_tokens_error", headers: retryAfter)
        case .serverError: return reply(500, "internal_server_error", "Error", type: "server_error")
        case .overloaded: return reply(503, "service_unavailable", "Busy", type: "server_error")
        case .contextTooLong: return reply(400, "context_length_exceeded", "Please reduce the length")
        case .filtered: return reply(400, "content_filter", "Filtered")
        case .modelMissing: return reply(404, "model_not_found", "Model fail-model does not exist")
        case .invalid: return reply(400, "wrong_request_format", "temperature is out of range")
        case .proxyPage: return .proxyPage
        }
    }

    @Sendable static func mistral(_ failure: FakeFailure) -> ReplyScript {
        func reply(
            _ status: Int, _ code: String, _ message: String, type: String, headers: [String: String] = [:]
        ) -> ReplyScript {
            .json(
                status,
                .object([
                    "object": "error", "message": .string(message), "type": .string(type), "param": .null,
                    "code": .string(code),
                ]), headers: headers)
        }
        switch failure {
        case .keyMissing: return .json(401, .object(["detail": "Unauthorized"]))
        case .keyBad, .keyExpired:
            return .json(401, .object(["message": "Unauthorized", "request_id": "req_fake"]))
        case .noCredit: return .json(402, .object(["detail": "Payment required"]))
        case .noScope: return reply(403, "1400", "Not available in your tier", type: "forbidden")
        case .rateLimited:
            return reply(429, "1300", "Rate limit exceeded", type: "rate_limited", headers: retryAfter)
        case .serverError: return reply(500, "1000", "Internal error", type: "internal_server_error")
        case .overloaded:
            return reply(
                429, "3505", "Service tier capacity exceeded for this model.",
                type: "service_tier_capacity_exceeded")
        case .contextTooLong:
            let message =
                "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"
            return reply(400, "3051", message, type: "invalid_request_message")
        case .modelMissing: return reply(400, "1500", "Invalid model: fail-model", type: "invalid_model")
        case .filtered, .invalid:
            let found = JSONTree.object([
                "type": "extra_forbidden", "loc": .strings(["body", "x"]),
                "msg": "Extra inputs are not permitted",
            ])
            return .json(422, .object(["detail": .array([found])]))
        case .proxyPage: return .proxyPage
        }
    }

    /// Every code is `invalid_request_error`; a gateway refuses keys in plain words.
    @Sendable static func deepSeek(_ failure: FakeFailure) -> ReplyScript {
        func reply(_ status: Int, _ message: String, type: String = "invalid_request_error") -> ReplyScript {
            .json(status, OpenAIFake.error(message, type: type, code: "invalid_request_error"))
        }
        switch failure {
        case .keyMissing:
            return reply(401, "Authentication Fails (no such user)", type: "authentication_error")
        case .keyBad, .keyExpired:
            return .text(401, "Authentication Fails (governor)", type: "text/plain")
        case .noCredit: return reply(402, "Insufficient Balance", type: "unknown_error")
        case .noScope: return reply(403, "Forbidden")
        case .rateLimited:
            return .json(
                429, OpenAIFake.error("Rate limit reached", type: "rate_limit", code: nil),
                headers: retryAfter)
        case .serverError: return reply(500, "Server error")
        case .overloaded: return reply(503, "Server overloaded")
        case .contextTooLong: return reply(400, "This model's maximum context length is 65536 tokens.")
        case .filtered: return reply(400, "Content Exists Risk")
        case .modelMissing: return reply(400, "Model Not Exist")
        case .invalid: return reply(422, "Invalid temperature value")
        case .proxyPage: return .proxyPage
        }
    }

    /// The error is a string, beside it a code in words.
    @Sendable static func xAI(_ failure: FakeFailure) -> ReplyScript {
        func reply(_ status: Int, _ code: String, _ text: String, _ headers: [String: String] = [:])
            -> ReplyScript
        {
            .json(status, .object(["code": .string(code), "error": .string(text)]), headers: headers)
        }
        let denied = "The caller does not have permission to execute the specified operation"
        switch failure {
        case .keyMissing: return reply(401, "Unauthenticated", "No API key was provided.")
        case .keyBad, .keyExpired:
            return reply(400, "Client specified an invalid argument", "Incorrect API key provided: ba***ey.")
        case .noCredit: return reply(403, denied, "Your team doesn't have any credits yet.")
        case .noScope: return reply(403, denied, "This API key may not use this endpoint.")
        case .rateLimited:
            return reply(429, "Some resource has been exhausted", "Too many requests", retryAfter)
        case .serverError: return reply(500, "Internal error", "Internal error")
        case .overloaded: return reply(503, "The service is currently unavailable", "At capacity")
        case .contextTooLong:
            return reply(
                400, "Client specified an invalid argument",
                "This model's maximum prompt length is 131072 but the request contains 999999 tokens.")
        case .filtered: return reply(403, denied, "Content violates usage guidelines.")
        case .modelMissing: return reply(404, "Not found", "The model fail-model does not exist.")
        case .invalid: return reply(400, "Client specified an invalid argument", "Bad temperature")
        case .proxyPage: return .proxyPage
        }
    }

    /// Codes are the status as a number; `metadata` tells apart what shares one.
    @Sendable static func openRouter(_ failure: FakeFailure) -> ReplyScript {
        func reply(
            _ status: Int, _ message: String, _ metadata: JSONTree? = nil, _ headers: [String: String] = [:]
        ) -> ReplyScript {
            let error = JSONTree.object([
                "code": .integer(status), "message": .string(message), "metadata": metadata,
            ])
            return .json(status, .object(["error": error]), headers: headers)
        }
        switch failure {
        case .keyMissing: return reply(401, "No auth credentials found")
        case .keyBad, .keyExpired: return reply(401, "User not found.")
        case .noCredit: return reply(403, "Key limit exceeded", .object(["limit_source": "key"]))
        case .noScope: return reply(403, "This key may not use this model")
        case .rateLimited: return reply(429, "Rate limit exceeded", nil, retryAfter)
        case .serverError: return reply(502, "Provider returned error", .object(["provider_name": "Fake"]))
        case .overloaded: return reply(503, "No instances available")
        case .contextTooLong: return reply(400, "This endpoint's maximum context length is 8192 tokens.")
        case .filtered:
            return reply(403, "Input was flagged", .object(["reasons": .strings(["violence"])]))
        case .modelMissing: return reply(400, "fail-model is not a valid model ID")
        case .invalid: return reply(400, "Invalid temperature")
        case .proxyPage: return .proxyPage
        }
    }

    @Sendable static func together(_ failure: FakeFailure) -> ReplyScript {
        switch failure {
        case .noCredit:
            return .json(
                402, OpenAIFake.error("You have reached your spend limit.", type: "credit_limit", code: nil))
        case .contextTooLong:
            let message = "`inputs` tokens + `max_new_tokens` must be <= 8193."
            return .json(403, OpenAIFake.error(message, type: "invalid_request_error", code: nil))
        case .keyMissing, .keyBad, .keyExpired, .noScope, .rateLimited, .serverError, .overloaded, .filtered,
            .modelMissing, .invalid, .proxyPage:
            return OpenAIFake.refusal(failure)
        }
    }
}
