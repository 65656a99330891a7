import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// What tools that check keys were reported to get wrong: each mistake is a test that we do not make it.
@Suite struct KeyMistakesTests {
    static let kinds = KeyProbeFakeTests.probed
    static let generating = [
        "/chat/completions", "/completions", "/completion", "/responses", "/messages", ":generateContent",
        ":streamGenerateContent", "/api/chat", "/api/generate", "/generate", "/embeddings", "/embed",
        "/v1/me",
    ]

    private func state(_ kind: ProviderKind, _ status: Int, _ body: String) throws -> KeyState {
        try ProbeRun(kind, always: ProbeRun.reply(status, body)).report.state
    }

    private func openAI(_ message: String, code: String? = nil) -> String {
        let code = code.map { #""\#($0)""# } ?? "null"
        return #"{"error":{"message":"\#(message)","type":"invalid_request_error","code":\#(code)}}"#
    }

    // MARK: Who answers

    @Test(arguments: kinds) func `a WAF's HTML 403 is not valid and not invalid`(kind: ProviderKind) throws {
        let page = "<!DOCTYPE html><title>Attention Required!</title><h1>Access denied: invalid key</h1>"
        let run = try ProbeRun(kind, always: ProbeRun.reply(403, page, ["content-type": "text/html"]))
        #expect(run.report.state == .unknown)
        #expect(run.report.proof == KeyProof())
    }

    @Test(arguments: kinds) func `a sign-in page with 200 does not make a key valid`(kind: ProviderKind)
        throws
    {
        #expect(try state(kind, 200, "<html>Sign in to use the network</html>") == .unknown)
    }

    @Test(arguments: kinds) func `an answer in JSON that is not the vendor's does not make a key valid`(
        kind: ProviderKind
    ) throws {
        for body in ["{}", "[]", "[1]", "true", #"{"status":"ok"}"#, #"{"object":"list"}"#, #"{"data":{}}"#] {
            #expect(try state(kind, 200, body) == .unknown, "\(body)")
        }
    }

    @Test func `an endpoint that ignores the key proves nothing`() throws {
        for kind in [ProviderKind.openAICompatible, .ollama, .yandexgpt] {
            let names = kind == .ollama ? #"{"models":[{"name":"m"}]}"# : #"{"data":[{"id":"m"}]}"#
            let run = try ProbeRun(kind, always: ProbeRun.reply(200, names))
            #expect(run.report.state == .unknown, "\(kind)")
            #expect(run.report.proof == KeyProof(), "\(kind)")
            #expect(run.requests.count == 2, "\(kind)")
        }
    }

    @Test func `OpenRouter is never asked for its models, which are public`() throws {
        for key in FakeKey.allCases {
            let fake = try #require(FakeVendors.fake(of: .openrouter))
            let run = try ProbeRun(.openrouter, fake: fake, secret: fake.secret(for: key))
            #expect(!run.requests.contains { $0.url.contains("/models") })
        }
    }

    @Test func `an open health path is never asked`() throws {
        for kind in Self.kinds {
            let run = try ProbeRun(kind, always: ProbeRun.reply(200, "{}"))
            #expect(!run.requests.contains { $0.url.contains("health") || $0.url.contains("tcp_warming") })
        }
    }

    @Test func `a YandexGPT key is asked about at Yandex Cloud, not at another of Yandex's services`() throws
    {
        var settings = ProviderSettings()
        settings.folder = YandexGPTFake.folder
        let probe = try #require(
            try ProviderKind.yandexgpt.adapter(settings: settings).probe(Secret("some-key"), models: []))
        let run = try ProbeRun(probe) { _ in ProbeRun.reply(500, "") }
        #expect(run.requests.map(\.url) == ["https://ai.api.cloud.yandex.net/v1/models"])
    }

    @Test func `verdicts are not shared between two kinds with the same key`() throws {
        let key = Secret("same-key")
        let refusal = ProbeRun.reply(401, openAI("Incorrect API key", code: "invalid_api_key"))
        let models = ProbeRun.reply(200, #"{"data":[{"id":"m"}]}"#)
        #expect(try ProbeRun(.openai, secret: key, always: refusal).report.state == .invalid)
        #expect(try ProbeRun(.groq, secret: key, always: models).report.state == .valid)
        #expect(try ProbeRun(.openai, secret: key, always: refusal).report.state == .invalid)
    }

    // MARK: Silence

    @Test(arguments: kinds) func `a timeout is neither yes nor no`(kind: ProviderKind) throws {
        let run = try ProbeRun(kind, always: .failure(.init(.timeout(.total), message: "timed out")))
        #expect(run.report.state.weight == .nothing)
        #expect(run.report.code == .networkTimeout)
    }

    @Test(arguments: kinds, [429, 500, 502, 503, 529])
    func `5xx and 429 never become invalid, whatever the body says`(kind: ProviderKind, status: Int) throws {
        let bodies = [
            openAI("Incorrect API key provided", code: "invalid_api_key"),
            #"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
            #"{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"API key not valid"}}"#,
            #"{"code":6,"message":"credentials doesn't match db data"}"#,
            #"{"error":{"grpcCode":16,"message":"Unknown api key"}}"#, #"{"error":"Unauthorized"}"#,
        ]
        for body in bodies {
            #expect(try state(kind, status, body).weight == .nothing, "\(body)")
        }
    }

    // MARK: Words

    @Test(arguments: kinds, [400, 401, 403, 404, 500, 502, 503])
    func `the word load balancer in an error does not disable the key`(kind: ProviderKind, status: Int) throws
    {
        for page in [
            "upstream load balancer error: no credit for this connection",
            "<html>load balancer: balance exceeded, credit limit</html>",
        ] {
            #expect(try state(kind, status, page).weight == .nothing, "\(page)")
        }
    }

    @Test func `the words credit and balance in a vendor's own error are no verdict on money`() throws {
        let words = "load balancer gave the connection no credit: balance your requests"
        for status in [400, 404, 429, 500, 503] {
            for kind in [ProviderKind.openai, .groq, .mistral, .deepseek, .together, .openAICompatible] {
                #expect(try state(kind, status, openAI(words)).weight == .nothing, "\(kind) \(status)")
            }
        }
        let google = #"{"error":{"code":503,"status":"UNAVAILABLE","message":"\#(words)"}}"#
        #expect(try state(.gemini, 400, google).weight == .nothing)
        let anthropic = #"{"type":"error","error":{"type":"api_error","message":"\#(words)"}}"#
        #expect(try state(.anthropic, 500, anthropic).weight == .nothing)
    }

    @Test(arguments: kinds) func `a 401 alone does not disable a key`(kind: ProviderKind) throws {
        for body in ["", "Unauthorized", "<html>401</html>", "401 Authorization Required", "null"] {
            #expect(try state(kind, 401, body) == .unknown, "\(body)")
        }
    }

    // MARK: Good keys

    @Test func `missing scope is not an invalid key`() throws {
        let words = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
        for status in [401, 403] {
            let report = try ProbeRun(.openai, always: ProbeRun.reply(status, openAI(words))).report
            #expect(report.state == .missingScope)
            #expect(report.code == .scopeMismatch)
            #expect(report.details.missingScopes == ["api.model.read"])
            #expect(report.proof == KeyProof(exists: true))
        }
    }

    @Test(arguments: [400, 401])
    func `GigaChat scope mismatch is not an invalid key`(status: Int) throws {
        let body = #"{"code":7,"message":"scope from db not fully includes consumed scope"}"#
        let run = try ProbeRun(.gigachat, always: ProbeRun.reply(status, body))
        #expect(run.report.state == .missingScope)
        #expect(run.report.code == .scopeMismatch)
        #expect(run.report.proof.exists == true)
        #expect(run.requests.compactMap(\.progress?.scope).count == 3)
    }

    @Test func `Anthropic 400 stays indeterminate`() throws {
        let body = #"{"type":"error","error":{"type":"invalid_request_error","message":"Bad request"}}"#
        let report = try ProbeRun(.anthropic, always: ProbeRun.reply(400, body)).report
        #expect(report.state == .unknown)
        #expect(report.proof == KeyProof())
    }

    @Test func `Anthropic 404 says nothing of the key`() throws {
        let body = #"{"type":"error","error":{"type":"not_found_error","message":"Not found"}}"#
        #expect(try state(.anthropic, 404, body) == .unknown)
    }

    @Test func `xAI 400 is an invalid key only where it says so`() throws {
        let code = "Client specified an invalid argument"
        let bad = #"{"code":"\#(code)","error":"Incorrect API key provided: so***ey."}"#
        #expect(try state(.xai, 400, bad) == .invalid)
        #expect(try state(.xai, 400, #"{"code":"\#(code)","error":"Bad request"}"#) == .unknown)
        #expect(try state(.xai, 400, "") == .unknown)
    }

    @Test(arguments: ["AIzaSyFakeFakeFakeFakeFakeFakeFakeFake", "AQ.Ab8FakeFakeFake-_fake", "anything"])
    func `a new Gemini key prefix is no mistake`(key: String) throws {
        let fake = try #require(FakeVendors.fake(of: .gemini))
        #expect(try ProbeRun(.gemini, fake: fake, secret: Secret(key)).report.state == .valid)
        let info =
            #"{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_TYPE_UNSUPPORTED"}"#
        let body = #"{"error":{"code":401,"status":"UNAUTHENTICATED","message":"x","details":[\#(info)]}}"#
        let refused = try ProbeRun(.gemini, secret: Secret(key), always: ProbeRun.reply(401, body))
        #expect(refused.report.state == .unknown)
    }

    @Test(arguments: kinds) func `no key is refused for what it looks like`(kind: ProviderKind) throws {
        let fake = try #require(FakeVendors.fake(of: kind))
        for key in ["sk-x", "0", "ghp_wrong-vendor", String(repeating: "k", count: 4_000)] {
            #expect(try ProbeRun(kind, fake: fake, secret: Secret(key)).report.state == .valid, "\(key)")
        }
    }

    @Test func `a good key at the wrong address is not an invalid key`() throws {
        let azure = openAI(
            "Access denied due to invalid subscription key or wrong API endpoint.", code: "401")
        #expect(try state(.openAICompatible, 401, azure) == .unknown)
    }

    @Test func `an address that may not call is not an invalid key`() throws {
        #expect(try state(.openai, 401, openAI("Your IP address is not authorized")) == .wrongRegionOrFolder)
    }

    @Test func `a model list says nothing of a project that was denied access`() throws {
        let run = try ProbeRun(try ProbeRun.probe(.gemini, secret: Secret("some-key"))) { request in
            let denied = "Your project has been denied access"
            return request.method == .get
                ? ProbeRun.reply(200, #"{"models":[{"name":"models/g"}]}"#)
                : ProbeRun.reply(
                    403, #"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"\#(denied)"}}"#)
        }
        #expect(run.report.state == .missingScope)
        #expect(run.report.proof.mayGenerate == false)
    }

    // MARK: What it costs

    /// What is asked of everybody, whatever is answered.
    private func requests() throws -> [KeyProbeRequest] {
        var requests: [KeyProbeRequest] = []
        for kind in Self.kinds {
            let fake = try #require(FakeVendors.fake(of: kind))
            for key in FakeKey.allCases {
                requests += try ProbeRun(kind, fake: fake, secret: fake.secret(for: key)).requests
            }
            for status in [200, 400, 401, 403, 404, 429, 500] {
                requests += try ProbeRun(kind, always: ProbeRun.reply(status, "{}")).requests
            }
        }
        return requests
    }

    @Test func `one-token probes are never sent: no request of any probe goes to a generating path`() throws {
        for request in try requests() {
            #expect(!Self.generating.contains { request.url.hasSuffix($0) }, "\(request.url)")
            let body = String(decoding: request.body, as: UTF8.self)
            #expect(!body.contains("max_tokens") && !body.contains("maxOutputTokens"), "\(body)")
        }
    }

    @Test func `no deliberately invalid call is sent to learn of a scope`() throws {
        for request in try requests() where request.method == .post {
            #expect(
                request.url.hasSuffix("/oauth") || request.url.hasSuffix(":countTokens"), "\(request.url)")
        }
    }

    @Test func `GigaChat's one stream is left to the calls`() throws {
        let run = try ProbeRun(.gigachat, fake: GigaChatFake(), secret: Secret("good-key"))
        #expect(run.requests.filter { $0.method == .post }.allSatisfy { $0.url.hasSuffix("/oauth") })
    }

    @Test(arguments: kinds) func `a check is a handful of requests, and a refusal ends it`(kind: ProviderKind)
        throws
    {
        let fake = try #require(FakeVendors.fake(of: kind))
        let good = try ProbeRun(kind, fake: fake, secret: fake.secret(for: .good))
        #expect(1...KeyProbeRequest.countMax ~= good.requests.count)
        #expect(try ProbeRun(kind, fake: fake, secret: fake.secret(for: .bad)).requests.count == 1)
    }

    // MARK: What is told

    @Test(arguments: kinds) func `that a key exists is not said to mean that it may generate`(
        kind: ProviderKind
    )
        throws
    {
        let fake = try #require(FakeVendors.fake(of: kind))
        let report = try ProbeRun(kind, fake: fake, secret: fake.secret(for: .good)).report
        #expect(report.proof.exists == true)
        // One vendor says so itself.
        #expect(report.proof.mayGenerate == (kind == .deepseek ? true : nil))
    }

    @Test(arguments: kinds) func `a balance, a limit or an end that nobody stated is not 0`(
        kind: ProviderKind
    )
        throws
    {
        let fake = try #require(FakeVendors.fake(of: kind))
        let details = try ProbeRun(kind, fake: fake, secret: fake.secret(for: .good)).report.details
        #expect(details.balances.isEmpty == (kind != .deepseek && kind != .gigachat))
        #expect((details.limitRemaining == nil) == (kind != .openrouter))
        #expect((details.expiresAt == nil) == (kind != .openrouter))
    }

    @Test func `a key that the vendor repeats in its refusal is not kept`() throws {
        let key = "AQVNfake-Key_0123456789"
        let body = #"{"error":{"grpcCode":16,"httpCode":401,"message":"Unknown api key '\#(key)'"}}"#
        let report = try ProbeRun(.yandexgpt, secret: Secret(key), always: ProbeRun.reply(401, body)).report
        #expect(report.state == .invalid)
        #expect(!"\(report)".contains(key))
    }

    @Test func `money that is missing comes under the codes of other mistakes, and is money all the same`()
        throws
    {
        let deepSeek = openAI("Insufficient Balance", code: "invalid_request_error")
        #expect(try state(.deepseek, 402, deepSeek) == .noCredit)
        let low = "Your credit balance is too low to access the Anthropic API"
        let anthropic = #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(low)"}}"#
        #expect(try state(.anthropic, 400, anthropic) == .noCredit)
        #expect(
            try state(.openai, 429, openAI("You exceeded your quota", code: "insufficient_quota"))
                == .noCredit)
    }

    @Test func `a long prompt's 403 at Together is no missing scope`() throws {
        #expect(try state(.together, 403, openAI("Input validation error: too many tokens")) == .unknown)
    }
}
