import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

/// Whatever goes wrong between us and the vendor says nothing against a key.
@Suite struct KeyProbeFaultTests {
    static let kinds = KeyProbeFakeTests.probed

    static let silences: [UpstreamFailure] = [
        .init(.unreachable, message: "the name could not be resolved"),
        .init(.unreachable, message: "connection refused"),
        .init(.unreachable, message: "TLS: the certificate has expired and is invalid"),
        .init(.timeout(.connect), message: "timed out"), .init(.timeout(.firstByte), message: "timed out"),
        .init(.timeout(.total), message: "timed out"), .init(.interrupted, message: "cut"),
    ]

    @Test(arguments: kinds, silences) func `no answer is the provider's trouble`(
        kind: ProviderKind, failure: UpstreamFailure
    ) throws {
        let run = try ProbeRun(kind, always: .failure(failure))
        #expect(run.report.state == .providerDown)
        #expect(run.report.code == .networkTimeout)
        #expect(run.report.proof == KeyProof())
        #expect(run.requests.count == 1)
    }

    @Test(arguments: kinds, [500, 502, 503, 504, 529]) func `a server's error is the provider's trouble`(
        kind: ProviderKind, status: Int
    ) throws {
        let bodies = [
            "", "<html>bad gateway</html>", #"{"error":{"message":"bad key","code":"invalid_api_key"}}"#,
            #"{"code":6,"message":"credentials"}"#,
        ]
        for body in bodies {
            let run = try ProbeRun(kind, always: ProbeRun.reply(status, body))
            #expect(run.report.state == .providerDown, "\(body)")
            #expect(run.requests.count == 1)
        }
    }

    @Test(
        arguments: kinds,
        [
            (200, "<html>Sign in to this network</html>"), (200, #"{"data":[{"id":"m""#), (200, ""),
            (200, "null"), (200, "{}"), (302, ""), (400, "<html>"), (401, "<html>Unauthorized</html>"),
            (401, ""), (402, "<html>"), (403, "<html>Access denied</html>"), (403, #"{"error":{"mess"#),
            (404, "404 page not found"), (407, "<html>proxy</html>"), (418, "{}"),
        ]) func `who does not speak for the vendor says nothing`(
            kind: ProviderKind, reply: (status: Int, body: String)
        ) throws
    {
        let run = try ProbeRun(kind, always: ProbeRun.reply(reply.status, reply.body))
        #expect(run.report.state == .unknown, "\(run.report.message)")
        #expect(run.report.proof == KeyProof())
        #expect(run.requests.count == 1)
    }

    @Test(
        arguments: kinds,
        [
            (["retry-after": "7"], 7_000), (["retry-after": "1.5"], 1_500),
            (["retry-after-ms": "250"], 250), (["retry-after": "Sun, 15 Jun 2025 15:06:47 GMT"], 7_000),
            ([:], nil), (["retry-after": "soon"], nil),
        ] as [([String: String], Int?)]) func `a rate limit is no verdict, and says how long to wait`(
            kind: ProviderKind, limit: (headers: [String: String], milliseconds: Int?)
        ) throws
    {
        let run = try ProbeRun(kind, always: ProbeRun.reply(429, "slow down", limit.headers))
        #expect(run.report.state == .rateLimited)
        #expect(run.report.code == .rateLimitExceeded)
        #expect(run.report.retryAfter == limit.milliseconds.map { .milliseconds($0) })
        #expect(run.requests.count == 1)
    }

    @Test(arguments: kinds, ["", " ", "two words", "line\nbreak", "näh"])
    func `a key that no header can carry is our mistake, and is not sent`(
        kind: ProviderKind, key: String
    ) throws {
        let isKeyless = key.isEmpty && (kind == .ollama || kind == .openAICompatible)
        let run = try ProbeRun(kind, secret: Secret(key), always: ProbeRun.reply(500, ""))
        #expect(run.requests.isEmpty == !isKeyless)
        #expect(run.report.state == (isKeyless ? .providerDown : .unknown))
        if !isKeyless { #expect(run.report.code == .validationError) }
    }

    @Test(arguments: kinds, [0, 240, 285, 290, 295])
    func `a key that a vendor repeats is not repeated by us`(kind: ProviderKind, padding: Int) throws {
        let key = "My-Plain.Secret"
        let message = String(repeating: "a ", count: padding / 2) + "key \(key) or \(key.lowercased())"
        let body = """
            {"error":{"message":"\(message)","type":"\(key)","code":"\(key)"},"request_id":"\(key)"}
            """
        for status in [400, 401, 403, 429, 500] {
            let headers = status == 400 ? ["x-request-id": key] : [:]
            let run = try ProbeRun(
                kind, secret: Secret(key), always: ProbeRun.reply(status, body, headers))
            let shown = "\(run.report)".lowercased()
            #expect(!shown.contains("my-plain"), "\(shown)")
            #expect(!shown.contains("my-p"), "\(shown)")
        }
    }

    @Test func `a request is called what the provider calls it`() throws {
        let header = try ProbeRun(.openai, always: ProbeRun.reply(401, "", ["x-request-id": "req_1"]))
        #expect(header.report.requestID == "req_1")
        let body = #"{"type":"error","error":{"type":"a","message":"b"},"request_id":"req_2"}"#
        #expect(try ProbeRun(.anthropic, always: ProbeRun.reply(401, body)).report.requestID == "req_2")
        let details = #"[{"@type":"type.googleapis.com/google.rpc.RequestInfo","requestId":"r3"}]"#
        let yandex = #"{"error":{"grpcCode":16,"message":"no","details":\#(details)}}"#
        #expect(try ProbeRun(.yandexgpt, always: ProbeRun.reply(401, yandex)).report.requestID == "r3")
    }
}
