import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct OpenAIFamilyFailureTests {
    private static let now = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)

    private func failure(
        _ kind: ProviderKind, _ status: Int, _ body: String, _ headers: [String: String] = [:]
    ) throws -> UpstreamFailure? {
        let adapter = try kind.adapter(settings: ProviderSettings(baseURL: "https://h/v1"))
        switch adapter.judge(WholeReply(status, body, headers, at: Self.now), to: try ChatCall(text: "{}")) {
        case .success: return nil
        case .failure(let failure): return failure
        }
    }

    private static func error(_ message: String, code: String = "null", more: String = "") -> String {
        #"{"error":{"message":"\#(message)","type":"invalid_request_error","code":\#(code)\#(more)}}"#
    }

    static let rows: [(ProviderKind, Int, String, FailureKind)] = [
        (.together, 403, error("inputs + max_new_tokens must be <= 8193"), .contextTooLong),
        (.together, 403, error("You have no access to this model"), .accessMissing),
        (.openai, 403, error("inputs + max_new_tokens must be <= 8193"), .accessMissing),
        (.xai, 400, #"{"code":"Bad","error":"Incorrect API key provided: x"}"#, .keyRejected),
        (.openai, 400, #"{"code":"Bad","error":"Incorrect API key provided: x"}"#, .invalidRequest),
        (.xai, 403, #"{"code":"No","error":"Your team has used all its credits"}"#, .noCredit),
        (.xai, 429, #"{"code":"No","error":"reached its monthly spending limit"}"#, .noCredit),
        (.xai, 429, #"{"code":"No","error":"Too many requests"}"#, .rateLimited),
        (.deepseek, 401, "Authentication Fails (governor)", .keyRejected),
        (.deepseek, 401, "<html>Authentication Fails</html>", .malformedReply),
        (.openai, 401, "Authentication Fails (governor)", .malformedReply),
        (.deepseek, 402, error("Insufficient Balance", code: #""invalid_request_error""#), .noCredit),
        (.deepseek, 400, error("Model Not Exist"), .modelNotFound),
        (.cerebras, 403, #"{"detail":"Not authenticated"}"#, .keyRejected),
        (.mistral, 403, #"{"detail":"Not authenticated"}"#, .accessMissing),
        (.mistral, 400, #"{"object":"error","message":"Invalid model: x","code":"1500"}"#, .modelNotFound),
        (.openrouter, 403, error("no", code: "403", more: #","metadata":{"limit_source":"key"}"#), .noCredit),
        (
            .openrouter, 403, error("no", code: "403", more: #","metadata":{"reasons":["x"]}"#),
            .contentFiltered
        ),
        (.openrouter, 403, error("no", code: "403"), .accessMissing),
        (.openrouter, 402, error("no", code: "402"), .noCredit),
        (
            .openrouter, 402,
            error("wait", code: "402", more: #","metadata":{"code":"in_flight_budget_exhausted"}"#),
            .rateLimited
        ),
        (.openrouter, 404, error("No endpoints found for x", code: "404"), .modelNotFound),
        (
            .openAICompatible, 401, error("invalid subscription key or wrong API endpoint", code: #""401""#),
            .accessMissing
        ),
        (
            .openAICompatible, 400,
            error("filtered", more: #","innererror":{"code":"ResponsibleAIPolicyViolation"}"#),
            .contentFiltered
        ),
        (.openAICompatible, 404, error("gone", code: #""DeploymentNotFound""#), .modelNotFound),
        (.openAICompatible, 412, error("account suspended"), .noCredit),
        (.openAICompatible, 401, error("insufficient permissions"), .accessMissing),
    ]

    @Test(arguments: rows) func `a vendor's own words and statuses decide for that vendor`(
        kind: ProviderKind, status: Int, body: String, expected: FailureKind
    ) throws {
        #expect(try failure(kind, status, body)?.kind == expected)
    }

    @Test func `what a validator found is told, with the field`() throws {
        let found = #"[{"type":"extra_forbidden","loc":["body","top_k"],"msg":"Extra inputs"}]"#
        for body in [#"{"detail":\#(found)}"#, #"{"object":"error","message":{"detail":\#(found)}}"#] {
            let failure = try #require(try failure(.mistral, 422, body))
            #expect(failure.kind == .invalidRequest)
            #expect(failure.message == "Extra inputs")
            #expect(failure.parameter == "top_k")
        }
    }

    // MARK: Limits

    private func limits(_ kind: ProviderKind, _ headers: [String: String]) throws -> RateLimits {
        let adapter = try kind.adapter(settings: ProviderSettings(baseURL: "https://h/v1"))
        return adapter.limits(in: HeaderBlock(headers), at: Self.now)
    }

    private func later(_ milliseconds: Int64) -> WallTime {
        WallTime(nanosecondsSince1970: Self.now.nanosecondsSince1970 + milliseconds * 1_000_000)
    }

    @Test func `OpenAI's headers give both windows, and resets in its spans`() throws {
        let headers = [
            "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59",
            "x-ratelimit-reset-requests": "1s", "x-ratelimit-limit-tokens": "150000",
            "x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6m0s",
        ]
        let expected = RateLimits(
            requests: .init(limit: 60, remaining: 59, resetsAt: later(1_000)),
            tokens: .init(limit: 150_000, remaining: 149_984, resetsAt: later(360_000)))
        for kind in [ProviderKind.openai, .groq, .xai, .openAICompatible] {
            #expect(try limits(kind, headers) == expected, "\(kind)")
        }
        #expect(try limits(.deepseek, headers).isEmpty)
    }

    @Test(
        arguments: [("1750000060000", 60_000), ("1750000060", 60_000), ("60", 60_000), ("1m", 60_000)]
            as [(String, Int64)]) func `a reset is a span, seconds, or a moment`(
            text: String, milliseconds: Int64
        ) throws
    {
        let found = try limits(.openrouter, ["x-ratelimit-remaining": "0", "x-ratelimit-reset": text])
        #expect(found.requests == .init(remaining: 0, resetsAt: later(milliseconds)))
        #expect(found.tokens == nil)
    }

    @Test func `of several windows the tightest counts`() throws {
        let found = try limits(
            .openAICompatible,
            [
                "x-ratelimit-limit-tokens-prompt": "1000", "x-ratelimit-remaining-tokens-prompt": "900",
                "x-ratelimit-limit-tokens-generated": "100", "x-ratelimit-remaining-tokens-generated": "5",
            ])
        #expect(found.tokens == .init(limit: 100, remaining: 5))
    }

    @Test(arguments: ["", "x", "nan", "inf", "-1e400"]) func `nonsense in a header says nothing`(
        text: String
    ) throws {
        let names = [
            "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
        ]
        let headers = Dictionary(uniqueKeysWithValues: names.map { ($0, text) })
        #expect(try limits(.openai, headers).isEmpty)
        let huge = try limits(
            .openai,
            ["x-ratelimit-remaining-requests": "1e308", "x-ratelimit-reset-requests": "1e308"])
        #expect(huge.requests?.remaining == 1_000_000_000_000_000)
    }

    @Test func `a limit that is used up says how long to wait, in every dialect`() throws {
        let day = [
            "x-ratelimit-limit-requests-day": "100", "x-ratelimit-remaining-requests-day": "0",
            "x-ratelimit-reset-requests-day": "90.5",
        ]
        #expect(try failure(.cerebras, 429, "{}", day)?.retryAfter == .milliseconds(90_500))
        let milliseconds = ["x-ratelimit-remaining": "0", "x-ratelimit-reset": "1750000007000"]
        #expect(try failure(.openrouter, 429, "", milliseconds)?.retryAfter == .seconds(7))
        let inside = Self.error(
            "Rate limit exceeded", code: "429",
            more:
                #","metadata":{"headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Reset":"1750000009000"}}"#)
        #expect(try failure(.openrouter, 429, inside)?.retryAfter == .seconds(9))
        #expect(
            try failure(.openAICompatible, 429, "", ["retry-after-ms": "1500"])?.retryAfter
                == .milliseconds(1_500))
    }
}
