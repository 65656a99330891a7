import SignalboxCore

// The vendors that speak OpenAI's dialect, each with its own errors, counts and headers.
extension OpenAIFake.Dialect {
    public static var groq: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.basePath = "/openai/v1"
        dialect.keys = [.good, .bad, .expired, .noScope]
        dialect.models.removeAll { $0 == .failFilter }
        dialect.hasEmbeddings = false
        dialect.countsCacheWrites = false
        dialect.reasoningField = "reasoning"
        dialect.refusal = OpenAIFamilyErrors.groq
        dialect.extras = [JSONTree.Member("x_groq", .object(["id": "req_fake"]))]
        // The requests are a day's, the tokens a minute's.
        dialect.headers = [
            "x-ratelimit-limit-requests": "14400", "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-reset-requests": "2m59.56s", "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-tokens": "17997", "x-ratelimit-reset-tokens": "7.66s",
        ]
        dialect.limits = { now in
            RateLimits(
                requests: .init(
                    limit: 14_400, remaining: 14_370, resetsAt: now.later(by: .milliseconds(179_560))),
                tokens: .init(limit: 18_000, remaining: 17_997, resetsAt: now.later(by: .milliseconds(7_660)))
            )
        }
        return dialect
    }

    public static var cerebras: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.keys = [.good, .bad, .noCredit]
        dialect.models.removeAll { $0 == .failFilter }
        dialect.hasEmbeddings = false
        dialect.countsCacheWrites = false
        dialect.reasoningField = "reasoning"
        dialect.refusal = OpenAIFamilyErrors.cerebras
        dialect.streamFailure = .object([
            "message": "Encountered a server error", "type": "server_error", "param": .null,
            "code": "internal_server_error",
        ])
        // Its client takes a chunk without a fingerprint for something else.
        dialect.extras = [
            JSONTree.Member("system_fingerprint", "fp_fake"),
            JSONTree.Member("time_info", .object(["total_time": .number("0.013")])),
        ]
        dialect.headers = [
            "x-ratelimit-limit-requests-day": "14400", "x-ratelimit-remaining-requests-day": "14399",
            "x-ratelimit-reset-requests-day": "33011.5", "x-ratelimit-limit-tokens-minute": "60000",
            "x-ratelimit-remaining-tokens-minute": "59000", "x-ratelimit-reset-tokens-minute": "11.25",
        ]
        dialect.limits = { now in
            RateLimits(
                requests: .init(
                    limit: 14_400, remaining: 14_399, resetsAt: now.later(by: .milliseconds(33_011_500))),
                tokens: .init(
                    limit: 60_000, remaining: 59_000, resetsAt: now.later(by: .milliseconds(11_250))))
        }
        return dialect
    }

    public static var mistral: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.models.removeAll { [.failFilter, .reasoning].contains($0) }
        dialect.keys = [.good, .bad, .expired, .noCredit, .noScope]
        dialect.countsCacheWrites = false
        dialect.unknownFields = ["stream_options", "max_completion_tokens", "seed", "user", "logit_bias"]
        dialect.hasUsageOnFinish = true
        dialect.usage = { usage in
            .object([
                "prompt_tokens": .integer(usage.promptTokens),
                "completion_tokens": .integer(usage.completionTokens),
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
                "num_cached_tokens": .integer(usage.cachedTokens),
            ])
        }
        dialect.refusal = OpenAIFamilyErrors.mistral
        dialect.streamFailure = .object([
            "object": "error", "message": "Service unavailable.", "type": "internal_server_error",
            "param": .null, "code": "1000",
        ])
        dialect.headers = [
            "x-ratelimit-limit-req-minute": "60", "x-ratelimit-remaining-req-minute": "59",
            "x-ratelimit-limit-tokens-minute": "500000", "x-ratelimit-remaining-tokens-minute": "499990",
        ]
        dialect.limits = { _ in
            RateLimits(
                requests: .init(limit: 60, remaining: 59), tokens: .init(limit: 500_000, remaining: 499_990))
        }
        return dialect
    }

    public static var deepSeek: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.basePath = ""
        dialect.keys = [.good, .bad, .noCredit]
        dialect.hasEmbeddings = false
        dialect.countsCacheWrites = false
        dialect.comment = ": keep-alive"
        dialect.usage = { usage in
            .object([
                "prompt_tokens": .integer(usage.promptTokens),
                "completion_tokens": .integer(usage.completionTokens),
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
                "completion_tokens_details": .object(["reasoning_tokens": .integer(usage.reasoningTokens)]),
                "prompt_cache_hit_tokens": .integer(usage.cachedTokens),
                "prompt_cache_miss_tokens": .integer(usage.promptTokens - usage.cachedTokens),
            ])
        }
        dialect.refusal = OpenAIFamilyErrors.deepSeek
        let balance = JSONTree.object([
            "currency": "CNY", "total_balance": "110.00", "granted_balance": "10.00",
            "topped_up_balance": "100.00",
        ])
        dialect.keyInfo = [
            "/user/balance": .object(["is_available": true, "balance_infos": .array([balance])])
        ]
        return dialect
    }

    public static var xAI: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.countsCacheWrites = false
        // Reasoning is no part of the completion there, but of the total.
        dialect.usage = { usage in
            .object([
                "prompt_tokens": .integer(usage.promptTokens),
                "completion_tokens": .integer(usage.completionTokens - usage.reasoningTokens),
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
                "prompt_tokens_details": .object(["cached_tokens": .integer(usage.cachedTokens)]),
                "completion_tokens_details": .object(["reasoning_tokens": .integer(usage.reasoningTokens)]),
                "cost_in_usd_ticks": 1_234_500,
            ])
        }
        dialect.refusal = OpenAIFamilyErrors.xAI
        dialect.keyInfo = [
            "/api-key": .object([
                "redacted_api_key": "xai-...fake", "team_id": "team-fake",
                "acls": .strings(["api-key:model:*", "api-key:endpoint:*"]), "team_blocked": false,
                "api_key_blocked": false, "api_key_disabled": false,
            ])
        ]
        dialect.streamFailure = .object([
            "error": .object(["message": "Internal error", "type": "server_error", "code": .null])
        ])
        return dialect
    }

    public static var openRouter: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.basePath = "/api/v1"
        dialect.comment = ": OPENROUTER PROCESSING"
        dialect.reasoningField = "reasoning"
        dialect.usage = { usage in
            let tree = OpenAIFake.usage(usage)
            return .object((tree.members ?? []) + [JSONTree.Member("cost", .number("0.00014"))])
        }
        dialect.refusal = OpenAIFamilyErrors.openRouter
        dialect.listsModelsToAll = true
        dialect.keyInfo = [
            "/key": .object([
                "data": .object([
                    "label": "sk-or-v1-fake", "limit": 100, "limit_remaining": .number("74.5"),
                    "usage": .number("25.5"), "is_free_tier": false,
                    "expires_at": "2027-12-31T23:59:59Z",
                ])
            ])
        ]
        dialect.streamFailure = .object([
            "id": "gen-fake", "object": "chat.completion.chunk",
            "error": .object(["code": 502, "message": "Provider disconnected unexpectedly"]),
            "choices": .array([
                .object([
                    "index": 0, "delta": .object(["content": ""]), "finish_reason": "error",
                ])
            ]),
        ])
        dialect.extras = [JSONTree.Member("provider", "Fake")]
        dialect.headers = [
            "x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1750000060000",
        ]
        dialect.limits = { _ in
            let reset = WallTime(nanosecondsSince1970: 1_750_000_060_000_000_000)
            return RateLimits(requests: .init(limit: 20, remaining: 0, resetsAt: reset))
        }
        return dialect
    }

    public static var together: OpenAIFake.Dialect {
        var dialect = OpenAIFake.Dialect()
        dialect.keys = [.good, .bad, .expired, .noCredit]
        dialect.models.removeAll { $0 == .failFilter }
        dialect.countsCacheWrites = false
        dialect.reasoningField = "reasoning"
        dialect.usage = { usage in
            .object([
                "prompt_tokens": .integer(usage.promptTokens),
                "completion_tokens": .integer(usage.completionTokens),
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
                "cached_tokens": .integer(usage.cachedTokens),
                "completion_tokens_details": .object(["reasoning_tokens": .integer(usage.reasoningTokens)]),
            ])
        }
        dialect.refusal = OpenAIFamilyErrors.together
        dialect.headers = [
            "x-ratelimit-limit": "10", "x-ratelimit-remaining": "9", "x-ratelimit-reset": "1",
            "x-tokenlimit-limit": "3000", "x-tokenlimit-remaining": "2990",
        ]
        dialect.limits = { now in
            RateLimits(
                requests: .init(limit: 10, remaining: 9, resetsAt: now.later(by: .seconds(1))),
                tokens: .init(limit: 3_000, remaining: 2_990))
        }
        return dialect
    }
}

extension WallTime {
    func later(by duration: Duration) -> WallTime {
        WallTime(nanosecondsSince1970: nanosecondsSince1970 + duration.nanoseconds)
    }
}
