import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct OpenAICompatibleFailureTests {
    private static let adapter = OpenAICompatibleAdapter(baseURL: "https://api.example.com/v1")

    private func failure(
        _ status: Int, _ body: String, _ headers: [String: String] = [:],
        at now: WallTime = WallTime(nanosecondsSince1970: 0)
    ) -> UpstreamFailure? {
        guard let call = try? ChatCall(text: "{}") else { return nil }
        switch Self.adapter.judge(WholeReply(status, body, headers, at: now), to: call) {
        case .success: return nil
        case .failure(let failure): return failure
        }
    }

    private static func error(_ code: String, type: String = "invalid_request_error", _ message: String = "m")
        -> String
    {
        #"{"error":{"message":"\#(message)","type":"\#(type)","param":null,"code":\#(code)}}"#
    }

    static let rows: [(Int, String, FailureKind)] = [
        (401, error(#""invalid_api_key""#), .keyRejected),
        (
            401, error("null", "You have insufficient permissions. Missing scopes: model.request"),
            .accessMissing
        ),
        (401, error("null", "Your IP address is not authorized"), .accessMissing),
        (401, #"{"error":"Unauthorized"}"#, .keyRejected),
        (401, #"{"detail":"Not authenticated"}"#, .keyRejected),
        (
            401, #"{"message":"Wrong API Key","type":"invalid_request_error","code":"wrong_api_key"}"#,
            .keyRejected
        ),
        (403, error(#""unsupported_country_region_territory""#), .accessMissing),
        (402, error("null"), .noCredit),
        (429, error(#""insufficient_quota""#, type: "insufficient_quota"), .noCredit),
        (429, error("null", type: "insufficient_quota"), .noCredit),
        (429, error(#""project_spend_limit_exceeded""#), .noCredit),
        (429, error(#""rate_limit_exceeded""#, type: "tokens"), .rateLimited),
        (429, error("null"), .rateLimited),
        (404, error(#""model_not_found""#), .modelNotFound),
        (404, #"{"object":"error","message":"The model `x` does not exist.","code":404}"#, .modelNotFound),
        (404, #"{"detail":"Not Found"}"#, .malformedReply),
        (400, error(#""context_length_exceeded""#), .contextTooLong),
        (
            400, #"{"message":"This model's maximum context length is 4096 tokens","code":400}"#,
            .contextTooLong
        ),
        (400, error(#""content_filter""#), .contentFiltered),
        (400, error("null"), .invalidRequest),
        (422, #"{"detail":"unprocessable"}"#, .invalidRequest),
        (400, #"[{"error":{"code":400,"message":"bad","status":"INVALID_ARGUMENT"}}]"#, .invalidRequest),
        (500, error("null", type: "server_error"), .overloaded), (503, "", .overloaded),
        (529, "{}", .overloaded),
        (502, "<html>bad gateway</html>", .overloaded), (498, error(#""capacity_exceeded""#), .overloaded),
        (408, "", .timeout(.total)), (429, "slow down", .rateLimited), (405, error("null"), .malformedReply),
        (301, "", .malformedReply),
        (200, #"{"error":{"message":"upstream is down","code":502}}"#, .overloaded),
        (200, #"{"error":{"message":"spent","code":402}}"#, .noCredit),
    ]

    @Test(arguments: rows) func `a failure is classed by its code, then its type, then its status`(
        status: Int, body: String, kind: FailureKind
    ) {
        #expect(failure(status, body)?.kind == kind)
    }

    @Test(arguments: [400, 401, 402, 403, 404, 413])
    func `a proxy's page says nothing against a key or a request`(
        status: Int
    ) {
        for body in [
            "<html>Access denied</html>", "", "null", "{}", "Forbidden", #"{"error":null}"#, "[]", "7",
        ] {
            #expect(failure(status, body)?.kind == .malformedReply, "\(body)")
        }
    }

    @Test func `keys are redacted from messages, and messages are bounded`() throws {
        let key = "sk-proj-abcdEFGH1234567890"
        let opaque = "0123456789abcdef0123456789abcdef01"
        let tail = String(repeating: "x ", count: 500)
        let leak = "Incorrect API key: \(key), or Bearer abcdefgh12 or \(opaque). \(tail)"
        let found = try #require(failure(401, Self.error(#""invalid_api_key""#, leak)))
        for secret in [key, "abcdefgh12", opaque] { #expect(!found.message.contains(secret)) }
        #expect(found.message.contains("Incorrect API key: •••, or Bearer •••"))
        #expect(found.message.count <= 300)
        #expect(found.errorObject == nil)
        #expect(found.code == "invalid_api_key")
    }

    @Test func `the caller may see the provider's error where the request is at fault`() {
        let body = Self.error("null", "temperature must be at most 2")
        #expect(failure(400, body)?.errorObject == Array(body.utf8))
        #expect(failure(400, Self.error("null", "sk-abcdefghijkl"))?.errorObject == nil)
        #expect(failure(400, #"{"detail":"no"}"#)?.errorObject == nil)
        #expect(failure(429, Self.error("null"))?.errorObject == nil)
    }

    @Test(
        arguments: [
            (["retry-after": "7"], 7_000), (["retry-after": "1.5"], 1_500), (["retry-after-ms": "250"], 250),
            (["retry-after-ms": "250", "retry-after": "9"], 250), (["retry-after": "-3"], 0),
            (["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"], 37_000),
            (["retry-after": "Sunday, 06-Nov-94 08:49:37 GMT"], 37_000),
            (["retry-after": "Sun Nov  6 08:49:37 1994"], 37_000),
            (["retry-after": "Sun, 06 Nov 1994 08:00:00 GMT"], 0),
            (["retry-after": "soon"], nil), (["retry-after": "1e300"], 31 * 86_400_000),
            (["retry-after": "nan"], nil),
            (["x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0.5s"], 360_500),
            (["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20ms"], 20),
            (["x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": "1h"], nil), ([:], nil),
        ] as [([String: String], Int?)]) func `the wait that a provider asks for is read in every dialect`(
            headers: [String: String], milliseconds: Int?
        )
    {
        let now = WallTime(nanosecondsSince1970: 784_111_740 * 1_000_000_000)
        #expect(failure(429, "", headers, at: now)?.retryAfter == milliseconds.map { .milliseconds($0) })
    }
}
