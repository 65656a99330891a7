import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// Each vendor's column by column: what it is known to say of a bad key, of a scope, of its limits and of
/// money, and what is made of it. With ``KeyProbeRowsTests`` no cell that a check can meet is left out.
@Suite struct KeyProbeReferenceTests {
    private static func error(_ message: String, type: String = "x", code: String = "null") -> String {
        #"{"error":{"message":"\#(message)","type":"\#(type)","code":\#(code)}}"#
    }

    private static func openAI(_ code: String, type: String = "invalid_request_error") -> String {
        error("no", type: type, code: #""\#(code)""#)
    }

    private static func anthropic(_ type: String, _ message: String = "no") -> String {
        #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"},"request_id":"req_1"}"#
    }

    private static func google(_ code: Int, _ status: String, _ message: String, _ reason: String? = nil)
        -> String
    {
        let info = reason.map { #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"\#($0)"}"# }
        let told = #""code":\#(code),"message":"\#(message)","status":"\#(status)""#
        return #"{"error":{\#(told),"details":[\#(info ?? "")]}}"#
    }

    private static func yandex(_ code: Int, _ message: String) -> String {
        #"{"error":{"grpcCode":\#(code),"httpCode":0,"message":"\#(message)","httpStatus":"","details":[]}}"#
    }

    private static func mistral(_ type: String, _ code: String, _ message: String) -> String {
        #"{"object":"error","message":"\#(message)","type":"\#(type)","param":null,"code":"\#(code)"}"#
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let kind: ProviderKind
        let status: Int
        let body: String
        let state: KeyState

        init(_ kind: ProviderKind, _ status: Int, _ body: String, _ state: KeyState) {
            (self.kind, self.status, self.body, self.state) = (kind, status, body, state)
        }

        var testDescription: String { "\(kind.rawValue) \(status) \(body.prefix(60))" }
    }

    static let badKeys: [Row] = [
        Row(.openai, 401, openAI("invalid_api_key"), .invalid),
        Row(.anthropic, 401, anthropic("authentication_error", "invalid x-api-key"), .invalid),
        Row(.gemini, 400, google(400, "INVALID_ARGUMENT", "API key not valid.", "API_KEY_INVALID"), .invalid),
        Row(.gemini, 400, google(400, "INVALID_ARGUMENT", "API key expired.", "API_KEY_INVALID"), .expired),
        Row(.groq, 401, openAI("invalid_api_key"), .invalid),
        Row(.cerebras, 401, #"{"message":"Wrong","type":"x","param":"k","code":"wrong_api_key"}"#, .invalid),
        Row(.mistral, 401, #"{"message":"Unauthorized","request_id":"r"}"#, .invalid),
        Row(.deepseek, 401, error("Authentication Fails", type: "authentication_error"), .invalid),
        Row(.xai, 400, #"{"code":"Client specified","error":"Incorrect API key provided"}"#, .invalid),
        Row(.openrouter, 401, error("User not found.", code: "401"), .invalid),
        Row(.together, 401, openAI("invalid_api_key"), .invalid),
        Row(.gigachat, 401, #"{"code":6,"message":"credentials doesn't match db data"}"#, .invalid),
        Row(.yandexgpt, 401, yandex(16, "The token has expired"), .expired),
        Row(.yandexgpt, 401, yandex(16, "Unknown api key"), .invalid),
        Row(.ollama, 401, #"{"error":"unauthorized"}"#, .invalid),
        // vLLM, then Fireworks, then Azure.
        Row(.openAICompatible, 401, #"{"error":"Unauthorized"}"#, .invalid),
        Row(.openAICompatible, 401, error("The API key you provided is invalid."), .invalid),
        Row(.openAICompatible, 401, error("invalid subscription key or wrong API endpoint"), .unknown),
    ]

    static let access: [Row] = [
        Row(.openai, 401, error("Missing scopes: model.request"), .missingScope),
        Row(.openai, 403, openAI("unsupported_country_region_territory"), .wrongRegionOrFolder),
        Row(.anthropic, 403, anthropic("permission_error"), .missingScope),
        Row(.gemini, 403, google(403, "PERMISSION_DENIED", "no", "API_KEY_SERVICE_BLOCKED"), .missingScope),
        Row(
            .gemini, 403, google(403, "PERMISSION_DENIED", "no", "API_KEY_IP_ADDRESS_BLOCKED"),
            .wrongRegionOrFolder),
        Row(.groq, 403, openAI("not_available_for_plan", type: "permissions_error"), .missingScope),
        Row(.cerebras, 403, #"{"detail":"Not authenticated"}"#, .invalid),
        Row(.mistral, 403, mistral("forbidden", "1400", "Not available in your tier"), .missingScope),
        Row(.xai, 403, #"{"code":"denied","error":"This API key may not use this"}"#, .missingScope),
        Row(.openrouter, 403, error("This key may not", code: "403"), .missingScope),
        Row(.together, 403, error("Input too long"), .unknown),
        Row(.together, 403, error("You have no permission for this"), .missingScope),
        Row(.openAICompatible, 403, error("VNet rules deny it"), .missingScope),
        // What Fireworks does not show may be there all the same.
        Row(.openAICompatible, 404, error("Model not found, inaccessible, and/or not deployed"), .unknown),
        Row(.openAICompatible, 404, openAI("DeploymentNotFound"), .unknown),
        Row(.gigachat, 403, #"{"status":403,"message":"Permission denied"}"#, .missingScope),
        Row(.yandexgpt, 403, yandex(7, "Permission to [folder] denied"), .wrongRegionOrFolder),
        Row(
            .yandexgpt, 400, yandex(3, "Specified folder ID 'x' does not match with service account folder"),
            .wrongRegionOrFolder),
        Row(.ollama, 403, #"{"error":"this model requires a subscription"}"#, .missingScope),
    ]

    static let limits: [Row] =
        KeyMistakesTests.kinds.map { Row($0, 429, "", .rateLimited) } + [
            Row(.openai, 429, openAI("rate_limit_exceeded", type: "requests"), .rateLimited),
            Row(.openai, 429, openAI("slow_down"), .rateLimited),
            Row(.anthropic, 429, anthropic("rate_limit_error"), .rateLimited),
            Row(.gemini, 429, google(429, "RESOURCE_EXHAUSTED", "Quota exceeded"), .rateLimited),
            Row(.groq, 429, openAI("rate_limit_exceeded", type: "tokens"), .rateLimited),
            Row(.groq, 498, openAI("capacity_exceeded"), .providerDown),
            Row(
                .cerebras, 429,
                #"{"message":"no","type":"too_many_tokens_error","code":"token_quota_exceeded"}"#,
                .rateLimited),
            Row(.mistral, 429, mistral("rate_limited", "1300", "Rate limit exceeded"), .rateLimited),
            Row(.deepseek, 503, error("Server overloaded"), .providerDown),
            Row(.xai, 429, #"{"code":"exhausted","error":"Too many requests"}"#, .rateLimited),
            Row(.openrouter, 502, error("Provider returned error", code: "502"), .providerDown),
            Row(.openAICompatible, 503, error("busy"), .providerDown),
            Row(.gigachat, 429, #"{"status":429,"message":"Too many requests"}"#, .rateLimited),
            Row(
                .yandexgpt, 429, yandex(8, "ai.textGenerationCompletionSessionsCount.count quota"),
                .rateLimited),
        ]

    static let money: [Row] = [
        Row(.openai, 429, openAI("insufficient_quota", type: "insufficient_quota"), .noCredit),
        Row(.openai, 429, error("You exceeded your quota", type: "insufficient_quota"), .noCredit),
        Row(.anthropic, 402, anthropic("billing_error"), .noCredit),
        Row(.anthropic, 400, anthropic("invalid_request_error", "Your credit balance is too low"), .noCredit),
        Row(.gemini, 402, google(402, "RESOURCE_EXHAUSTED", "Your prepay credits are depleted"), .noCredit),
        Row(.gemini, 403, google(403, "PERMISSION_DENIED", "no", "BILLING_DISABLED"), .noCredit),
        Row(.groq, 400, openAI("organization_restricted"), .disabled),
        Row(
            .cerebras, 402, #"{"message":"Pay","type":"payment_required","code":"payment_required"}"#,
            .noCredit),
        Row(.mistral, 402, #"{"detail":"Payment required"}"#, .noCredit),
        Row(.deepseek, 402, error("Insufficient Balance", code: #""invalid_request_error""#), .noCredit),
        Row(.xai, 403, #"{"code":"no","error":"Your team doesn't have any credits yet"}"#, .noCredit),
        Row(
            .xai, 429, #"{"code":"no","error":"has used all credits or reached its monthly spending limit"}"#,
            .spendLimit),
        Row(
            .openrouter, 402,
            #"{"error":{"code":402,"message":"no","metadata":{"code":"weight_exceeds_budget"}}}"#, .spendLimit
        ),
        Row(.together, 402, error("You have reached your spend limit"), .spendLimit),
        // Fireworks.
        Row(.openAICompatible, 402, error("Payment required"), .noCredit),
        Row(.openAICompatible, 412, error("Account is suspended"), .disabled),
        Row(.gigachat, 402, #"{"status":402,"message":"Payment Required"}"#, .noCredit),
    ]

    @Test(arguments: badKeys) func `a bad key is told from what is not one`(row: Row) throws {
        try check(row)
    }

    @Test(arguments: access) func `a scope, a plan, a country or a folder is not the key`(row: Row) throws {
        try check(row)
    }

    @Test(arguments: limits) func `a limit on the rate is no verdict`(row: Row) throws {
        try check(row)
    }

    @Test(arguments: money) func `money is told from the rate and from the key`(row: Row) throws {
        try check(row)
    }

    private func check(_ row: Row) throws {
        let report = try ProbeRun(row.kind, always: ProbeRun.reply(row.status, row.body)).report
        #expect(report.state == row.state, "\(report.message)")
        #expect(report.status == row.status)
        #expect(KeyCode(row.state) == report.code || report.code == .scopeMismatch || row.state == .unknown)
    }

    @Test func `every kind has a row for a bad key, for access, for a limit and for money`() {
        // They never speak of money, or of scopes, to those who ask for their models.
        let without: [String: [ProviderKind]] = [
            "access": [.deepseek], "money": [.yandexgpt, .ollama],
        ]
        for (name, rows) in [
            ("bad key", Self.badKeys), ("access", Self.access), ("limits", Self.limits),
            ("money", Self.money),
        ] {
            let missing = KeyMistakesTests.kinds.filter { kind in !rows.contains { $0.kind == kind } }
            #expect(missing == without[name] ?? [], "\(name)")
        }
    }
}
