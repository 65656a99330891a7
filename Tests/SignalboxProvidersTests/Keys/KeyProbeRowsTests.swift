import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// What vendors were seen to answer, or document, beyond what the fakes play.
@Suite struct KeyProbeRowsTests {
    private static func error(_ message: String, type: String = "x", code: String = "null", more: String = "")
        -> String
    {
        #"{"error":{"message":"\#(message)","type":"\#(type)","code":\#(code)\#(more)}}"#
    }

    private static func anthropic(_ type: String, _ message: String) -> String {
        #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"},"request_id":"req_1"}"#
    }

    private static func google(_ status: String, _ message: String, reason: String? = nil) -> String {
        let info = reason.map {
            #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\#($0)"}"#
        }
        return
            #"{"error":{"code":1,"message":"\#(message)","status":"\#(status)","details":[\#(info ?? "")]}}"#
    }

    private static func yandex(_ code: Int, _ message: String) -> String {
        #"{"error":{"grpcCode":\#(code),"httpCode":0,"message":"\#(message)","httpStatus":"","details":[]}}"#
    }

    static let rows: [(ProviderKind, Int, String, KeyState)] = [
        (.openai, 403, error("insufficient. Missing scopes: api.model.read"), .missingScope),
        (.openai, 401, error("Deactivated", code: #""account_deactivated""#), .disabled),
        (.openai, 401, error("Your IP address is not authorized"), .wrongRegionOrFolder),
        (.openai, 403, error("no", code: #""unsupported_country_region_territory""#), .wrongRegionOrFolder),
        (.openai, 429, error("no", code: #""credit_balance_exhausted""#), .noCredit),
        (.openai, 429, error("no", code: #""organization_spend_limit_exceeded""#), .spendLimit),
        (.openai, 429, error("no", code: #""project_spend_limit_exceeded""#), .spendLimit),
        (.openai, 429, error("no", code: #""organization_usage_limit_exceeded""#), .spendLimit),
        (.openai, 429, error("no", code: #""slow_down""#), .rateLimited),
        (.openai, 429, error("no", code: #""invalid_api_key""#), .rateLimited),
        (.openai, 500, error("no", code: #""invalid_api_key""#), .providerDown),
        (.openai, 400, error("what?"), .unknown), (.openai, 404, error("no such path"), .unknown),
        (.openai, 401, error("Invalid or expired key"), .invalid),
        (.anthropic, 402, anthropic("billing_error", "pay"), .noCredit),
        (
            .anthropic, 400,
            anthropic("invalid_request_error", "You have reached your specified API usage limits"),
            .spendLimit
        ),
        (.anthropic, 429, anthropic("rate_limit_error", "the monthly cap"), .spendLimit),
        (.anthropic, 429, anthropic("rate_limit_error", "requests"), .rateLimited),
        (.anthropic, 529, anthropic("overloaded_error", "Overloaded"), .providerDown),
        (.anthropic, 404, anthropic("not_found_error", "Not found"), .unknown),
        (.gemini, 401, google("UNAUTHENTICATED", "x", reason: "ACCESS_TOKEN_TYPE_UNSUPPORTED"), .unknown),
        (.gemini, 403, google("PERMISSION_DENIED", "Your project has been denied access"), .missingScope),
        (.gemini, 403, google("PERMISSION_DENIED", "Your key was reported as leaked"), .disabled),
        (.gemini, 403, google("PERMISSION_DENIED", "x", reason: "CONSUMER_SUSPENDED"), .disabled),
        (
            .gemini, 400, google("FAILED_PRECONDITION", "User location is not supported"),
            .wrongRegionOrFolder
        ),
        (.gemini, 429, google("RESOURCE_EXHAUSTED", "quota"), .rateLimited),
        (.groq, 403, error("no", type: "permissions_error"), .missingScope),
        (.groq, 400, error("restricted", code: #""organization_restricted""#), .disabled),
        (.groq, 498, error("no", code: #""capacity_exceeded""#), .providerDown),
        (.cerebras, 403, #"{"detail":"Not authenticated"}"#, .invalid),
        (.mistral, 401, #"{"detail":"Unauthorized"}"#, .invalid),
        (.deepseek, 401, "Authentication Fails (governor)", .invalid),
        (.deepseek, 402, error("Insufficient Balance", code: #""invalid_request_error""#), .noCredit),
        (.xai, 401, #"{"code":"Unauthenticated","error":"No API key"}"#, .invalid),
        (.xai, 429, #"{"code":"No","error":"API key is currently blocked"}"#, .rateLimited),
        (.xai, 403, #"{"code":"No","error":"API key is currently blocked"}"#, .disabled),
        (.xai, 403, #"{"code":"No","error":"reached its monthly spending limit"}"#, .spendLimit),
        (
            .openrouter, 402, error("pay", code: "402", more: #","metadata":{"code":"payment_required"}"#),
            .noCredit
        ),
        (
            .openrouter, 403, error("no", code: "403", more: #","metadata":{"limit_source":"key"}"#),
            .spendLimit
        ),
        (
            .openrouter, 402,
            error("wait", code: "402", more: #","metadata":{"code":"in_flight_budget_exhausted"}"#),
            .rateLimited
        ),
        (.openAICompatible, 401, error("insufficient permission"), .missingScope),
        (.openAICompatible, 412, error("account suspended"), .disabled),
        (.openAICompatible, 401, error("invalid subscription key or wrong API endpoint"), .unknown),
        (.openAICompatible, 401, #"{"error":"Unauthorized"}"#, .invalid),
        (.gigachat, 401, #"{"code":4,"message":"Can't decode 'Authorization' header"}"#, .invalid),
        (.gigachat, 401, #"{"code":6,"message":"credentials doesn't match db data"}"#, .invalid),
        (.gigachat, 401, #"{"code":7,"message":"scope"}"#, .missingScope),
        (.gigachat, 400, #"{"code":7,"message":"scope"}"#, .missingScope),
        (.gigachat, 503, #"{"code":7,"message":"scope"}"#, .providerDown),
        (.gigachat, 400, #"{"code":5,"message":"scope is empty"}"#, .missingScope),
        (.yandexgpt, 401, yandex(16, "Unknown api key 'some-key'"), .invalid),
        (.yandexgpt, 403, yandex(7, "Permission denied"), .missingScope),
        (.yandexgpt, 429, yandex(8, "quota"), .rateLimited),
        (.ollama, 429, #"{"error":"too many requests"}"#, .rateLimited),
    ]

    @Test(arguments: rows) func `a vendor's own refusal decides, and nothing else does`(
        kind: ProviderKind, status: Int, body: String, state: KeyState
    ) throws {
        let report = try ProbeRun(kind, always: ProbeRun.reply(status, body)).report
        #expect(report.state == state, "\(report.message)")
        #expect(!"\(report)".contains("some-key"))
    }

    @Test func `a scope that is not understood is our mistake, and one that is not the key's is not`() throws
    {
        let five = try ProbeRun(.gigachat, always: ProbeRun.reply(400, #"{"code":5,"message":"scope"}"#))
        #expect(five.report.code == .validationError)
        let seven = try ProbeRun(.gigachat, always: ProbeRun.reply(400, #"{"code":7,"message":"scope"}"#))
        #expect(seven.report.code == .scopeMismatch)
        #expect(seven.report.details.missingScopes.count == 3)
    }

    @Test(arguments: ["api_key_blocked", "api_key_disabled", "team_blocked", "disabled"])
    func `a key that is known and blocked is disabled`(flag: String) throws {
        let run = try ProbeRun(.xai, always: ProbeRun.reply(200, #"{"acls":[],"\#(flag)":true}"#))
        #expect(run.report.state == .disabled)
        #expect(run.report.proof == KeyProof(exists: true, mayGenerate: false))
    }

    @Test(arguments: ["0", "-0.5", #""0""#])
    func `nothing left of a key's limit is a spend limit`(left: String) throws {
        let run = try ProbeRun(
            .openrouter, always: ProbeRun.reply(200, #"{"data":{"limit_remaining":\#(left)}}"#))
        #expect(run.report.state == .spendLimit)
        let unlimited = ProbeRun.reply(200, #"{"data":{"limit_remaining":null,"expires_at":null}}"#)
        #expect(try ProbeRun(.openrouter, always: unlimited).report.state == .valid)
    }

    @Test func `a balance that does not suffice is no credit, and one that cannot be had is no matter`()
        throws
    {
        func run(_ balance: KeyProbeOutcome) throws -> KeyReport {
            try ProbeRun(try ProbeRun.probe(.deepseek, secret: Secret("some-key"))) { request in
                request.url.hasSuffix("/balance") ? balance : ProbeRun.reply(200, #"{"data":[{"id":"m"}]}"#)
            }.report
        }
        let none = #"{"is_available":false,"balance_infos":[{"currency":"USD","total_balance":"0.00"}]}"#
        let spent = try run(ProbeRun.reply(200, none))
        #expect(spent.state == .noCredit)
        #expect(spent.proof.mayGenerate == false)
        #expect(spent.details.models == ["m"])
        #expect(spent.details.balances.map(\.amount) == ["0.00"])
        for outcome in [
            ProbeRun.reply(503, "busy"), ProbeRun.reply(200, "<html>"),
            .failure(.init(.timeout(.total), message: "t")),
        ] {
            let report = try run(outcome)
            #expect(report.state == .valid)
            #expect(report.proof == KeyProof(exists: true))
        }
    }

    @Test func `models may be listed to a key that may not use them`() throws {
        let run = try ProbeRun(try ProbeRun.probe(.gemini, secret: Secret("some-key"))) { request in
            request.method == .get
                ? ProbeRun.reply(200, #"{"models":[{"name":"models/g"}]}"#)
                : ProbeRun.reply(403, Self.google("PERMISSION_DENIED", "Your project has been denied access"))
        }
        #expect(run.report.state == .missingScope)
        #expect(run.report.proof == KeyProof(exists: true, mayGenerate: false))
        #expect(run.report.details.models == ["models/g"])
        #expect(run.requests.last?.url == "http://fake.test/v1/models/g:countTokens")
    }
}
