import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct YandexGPTTests {
    private let adapter = YandexGPTAdapter(baseURL: "https://h/v1/", folder: "b1g")

    private func headers(_ key: String, _ way: YandexGPTAuthentication? = nil) throws -> [String: String] {
        let adapter = YandexGPTAdapter(baseURL: "https://h/v1", folder: "b1g", authentication: way)
        guard case .http(_, let headers)? = adapter.target(.chat, model: "m", key: Secret(key)) else {
            throw UpstreamFailure(.modelNotFound, message: "no target")
        }
        return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value.reveal()) })
    }

    @Test func `a key is presented by what it looks like, unless it is said how`() throws {
        #expect(try headers("AQVN123")["authorization"] == "Api-Key AQVN123")
        #expect(try headers("t1.abc")["authorization"] == "Bearer t1.abc")
        #expect(try headers("t1.abc", .apiKey)["authorization"] == "Api-Key t1.abc")
        #expect(try headers("AQVN123", .token)["authorization"] == "Bearer AQVN123")
        #expect(try headers("AQVN123")["x-folder-id"] == "b1g")
    }

    @Test func `a request names the model under the folder, and long numbers are strings`() throws {
        let call = try ChatCall(
            text: """
                {"model":"r","stream":true,"max_tokens":100,"temperature":0.30,"reasoning_effort":"low",
                "messages":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}
                """)
        let body = try adapter.encode(call, model: "yandexgpt/latest")
        #expect(
            String(decoding: body, as: UTF8.self) == """
                {"modelUri":"gpt://b1g/yandexgpt/latest","completionOptions":{"stream":true,\
                "temperature":0.30,"maxTokens":"100","reasoningOptions":{"mode":"ENABLED_HIDDEN"}},\
                "messages":[{"role":"system","text":"s"},{"role":"user","text":"u"}]}
                """)
    }

    @Test(arguments: [
        (401, 16, "Unknown api key 'AQVNsecretsecret'", FailureKind.keyRejected),
        (403, 7, "Permission denied", .accessMissing),
        (400, 3, "Specified folder ID 'b1g' does not match with service account folder ID", .accessMissing),
        (400, 3, "number of input tokens must be no more than 8192, got 9000", .contextTooLong),
        (400, 3, "Invalid temperature", .invalidRequest), (429, 8, "quota limit exceed", .rateLimited),
        (404, 5, "model not found", .modelNotFound), (500, 13, "Internal error", .overloaded),
        (503, 14, "unavailable", .overloaded), (504, 4, "deadline exceeded", .timeout(.total)),
    ])
    func `a failure is told by its gRPC code`(status: Int, code: Int, message: String, kind: FailureKind)
        throws
    {
        let body = #"{"error":{"grpcCode":\#(code),"httpCode":\#(status),"message":"\#(message)"}}"#
        let call = try ChatCall(text: #"{"model":"r","messages":[]}"#)
        guard case .failure(let failure) = adapter.judge(WholeReply(status, body), to: call) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == kind)
        #expect(!failure.message.contains("AQVN"))
    }

    @Test func `only what is new of a text is passed on, and a text that changes is broken`() throws {
        let call = try ChatCall(text: #"{"model":"r","stream":true,"messages":[]}"#)
        var decoder = adapter.streamDecoder(
            for: call, StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0), requestID: "1"))
        func step(_ text: String, _ status: String) -> StreamStep {
            let line = Array(
                """
                {"result":{"alternatives":[{"message":{"role":"assistant","text":"\(text)"},\
                "status":"ALTERNATIVE_STATUS_\(status)"}],"modelVersion":"1"}}
                """.utf8)
            return decoder.decode(line, in: 0..<line.count)
        }
        func told(_ step: StreamStep) -> [String] {
            guard case .replace(let payloads, _) = step else { return [] }
            return payloads.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(told(step("Gr", "PARTIAL")).first?.contains(#""content":"Gr""#) == true)
        #expect(told(step("Grüße", "PARTIAL")).first?.contains(#""content":"üße""#) == true)
        #expect(told(step("Grüße", "PARTIAL")).isEmpty)
        guard case .failure(let failure) = step("Hallo", "PARTIAL") else {
            Issue.record("it was taken")
            return
        }
        #expect(failure.kind == .malformedReply)
    }

    @Test func `one text is embedded at a time`() throws {
        let call = try ChatCall(text: #"{"model":"r","input":["a","b"]}"#, operation: .embeddings)
        #expect { try adapter.encode(call, model: "text-search-doc/latest") } throws: {
            ($0 as? UpstreamFailure)?.parameter == "input"
        }
    }
}
