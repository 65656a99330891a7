import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GeminiFailureTests {
    private static let adapter = GeminiAdapter(baseURL: "https://example.com/v1beta")

    private func failure(
        _ status: Int, _ body: String, _ headers: [String: String] = [:],
        at now: WallTime = WallTime(nanosecondsSince1970: 0)
    ) throws -> UpstreamFailure {
        switch Self.adapter.judge(WholeReply(status, body, headers, at: now), to: try ChatCall(text: "{}")) {
        case .success: throw UpstreamFailure(.cancelled, message: "it was accepted")
        case .failure(let failure): return failure
        }
    }

    private static func error(_ code: Int, _ status: String, _ message: String = "m", _ details: String = "")
        -> String
    {
        #"{"error":{"code":\#(code),"message":"\#(message)","status":"\#(status)","details":[\#(details)]}}"#
    }

    private static func reason(_ reason: String) -> String {
        #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#
            + #""reason":"\#(reason)","domain":"googleapis.com"}"#
    }

    static let rows: [(Int, String, FailureKind)] = [
        (400, error(400, "INVALID_ARGUMENT", "no", reason("API_KEY_INVALID")), .keyRejected),
        (
            400, error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
            .keyRejected
        ),
        (400, "[" + error(400, "INVALID_ARGUMENT", "no", reason("API_KEY_INVALID")) + "]", .keyRejected),
        (401, error(401, "UNAUTHENTICATED", "no", reason("ACCESS_TOKEN_TYPE_UNSUPPORTED")), .keyRejected),
        (401, error(401, "UNAUTHENTICATED", "no", reason("CREDENTIALS_MISSING")), .keyRejected),
        (403, error(403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers"), .keyRejected),
        (403, error(403, "PERMISSION_DENIED", "Your API key was reported as leaked."), .keyRejected),
        (403, error(403, "PERMISSION_DENIED", "no", reason("API_KEY_SERVICE_BLOCKED")), .accessMissing),
        (403, error(403, "PERMISSION_DENIED", "no", reason("SERVICE_DISABLED")), .accessMissing),
        (403, error(403, "PERMISSION_DENIED", "no", reason("API_KEY_IP_ADDRESS_BLOCKED")), .accessMissing),
        (403, error(403, "PERMISSION_DENIED", "no", reason("BILLING_DISABLED")), .noCredit),
        (403, error(403, "PERMISSION_DENIED", "Your project has been denied access."), .accessMissing),
        (403, error(403, "PERMISSION_DENIED"), .accessMissing),
        (402, error(402, "FAILED_PRECONDITION"), .noCredit),
        (429, error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), .noCredit),
        (
            400, error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
            .accessMissing
        ),
        (404, error(404, "NOT_FOUND", "models/x is not found for API version v1beta"), .modelNotFound),
        (404, error(404, "NOT_FOUND", "File f1 not found"), .invalidRequest),
        (
            400,
            error(
                400, "INVALID_ARGUMENT",
                "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
            .contextTooLong
        ),
        (400, error(400, "INVALID_ARGUMENT"), .invalidRequest),
        (400, error(400, "OUT_OF_RANGE"), .invalidRequest),
        (429, error(429, "RESOURCE_EXHAUSTED"), .rateLimited),
        (429, error(429, "RESOURCE_EXHAUSTED", "m", reason("RATE_LIMIT_EXCEEDED")), .rateLimited),
        (500, error(500, "INTERNAL"), .overloaded), (503, error(503, "UNAVAILABLE"), .overloaded),
        (499, error(499, "CANCELLED"), .overloaded),
        (504, error(504, "DEADLINE_EXCEEDED"), .timeout(.total)),
        (418, error(418, "TEAPOT"), .malformedReply), (500, error(500, "NEW_ONE"), .overloaded),
        (401, error(401, ""), .keyRejected), (404, error(404, ""), .malformedReply),
        (200, error(503, "UNAVAILABLE"), .overloaded),
        (200, error(400, "INVALID_ARGUMENT", "no", reason("API_KEY_INVALID")), .keyRejected),
    ]

    @Test(arguments: rows)
    func `a failure is classed by reason, then words, then Google's status, then HTTP's`(
        status: Int, body: String, kind: FailureKind
    ) throws {
        #expect(try failure(status, body).kind == kind)
        #expect(try failure(status, body).errorObject == nil)
    }

    @Test(arguments: [400, 401, 402, 403, 404, 413, 301])
    func `what is not Google's error says nothing against a key or a request`(status: Int) throws {
        for body in [
            "<html>Access denied</html>", "", "null", "{}", "[]", #"{"error":null}"#, #"{"error":"x"}"#,
        ] {
            #expect(try failure(status, body).kind == .malformedReply, "\(body)")
        }
        #expect(try failure(503, "<html>").kind == .overloaded)
        #expect(try failure(429, "slow down").kind == .rateLimited)
    }

    private static func quota(_ ids: [String], delay: String?) -> String {
        let violations = ids.map { #"{"quotaMetric":"q","quotaId":"\#($0)","quotaValue":"15"}"# }
        let quota =
            #"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","#
            + #""violations":[\#(violations.joined(separator: ","))]}"#
        let retry = delay.map {
            #",{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"\#($0)"}"#
        }
        return error(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", quota + (retry ?? ""))
    }

    @Test func `the delay that the error asks for is kept`() throws {
        let minute = try failure(429, Self.quota(["RequestsPerMinute"], delay: "37s"))
        #expect(minute.retryAfter == .seconds(37) && minute.code == "RequestsPerMinute")
        #expect(try failure(429, Self.quota([], delay: "1.5s")).retryAfter == .milliseconds(1_500))
        #expect(try failure(429, Self.quota([], delay: nil)).retryAfter == nil)
        #expect(
            try failure(429, Self.quota([], delay: "soon"), ["retry-after": "9"]).retryAfter == .seconds(9))
        #expect(
            try failure(429, Self.quota([], delay: "37s"), ["retry-after": "9"]).retryAfter == .seconds(37))
    }

    @Test func `a day's quota is there again at midnight in California`() throws {
        // 2023-11-14 22:13:20 UTC: 9 hours, 46 minutes and 40 seconds before 8:00 UTC.
        let now = WallTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
        let ids = ["TokensPerMinute-FreeTier", "RequestsPerDay-FreeTier"]
        let day = try failure(429, Self.quota(ids, delay: "37s"), at: now)
        #expect(day.kind == .rateLimited && day.code == "RequestsPerDay-FreeTier")
        #expect(day.retryAfter == .seconds(9 * 3_600 + 46 * 60 + 40))
        let atReset = WallTime(nanosecondsSince1970: 1_700_035_200_000_000_000)
        #expect(try failure(429, Self.quota(ids, delay: nil), at: atReset).retryAfter == .seconds(86_400))
    }

    @Test func `a field at fault is named, and keys are redacted`() throws {
        let bad =
            #"{"@type":"type.googleapis.com/google.rpc.BadRequest","#
            + #""fieldViolations":[{"field":"generation_config.temperature"}]}"#
        let found = try failure(400, Self.error(400, "INVALID_ARGUMENT", "key AIzaSyA1234567890 is odd", bad))
        #expect(found.parameter == "generation_config.temperature")
        #expect(!found.message.contains("AIzaSy") && found.message.contains("•••"))
        #expect(found.code == "INVALID_ARGUMENT" && found.status == 400)
    }
}
