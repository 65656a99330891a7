import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GigaChatTests {
    private let adapter = GigaChatAdapter(baseURL: "https://h/api/v1")
    private let now = WallTime(nanosecondsSince1970: 1_750_000_000_000_000_000)

    private func encoded(_ text: String, dropping: Bool = false) throws -> JSONTree {
        let adapter = GigaChatAdapter(baseURL: "https://h/api/v1", dropsUnsupported: dropping)
        return try JSONTree(parsing: try adapter.encode(try ChatCall(text: text), model: "GigaChat-2"))
    }

    private func session(_ scope: GigaChatScope) throws -> any TokenSession {
        let adapter = GigaChatAdapter(baseURL: "https://h/api/v1", scope: scope)
        return try #require(adapter.session(for: Secret("a2V5")))
    }

    @Test func `a token is asked for with the key, and calls go without it`() throws {
        let session = try session(.business)
        #expect(session.url == "https://ngw.devices.sberbank.ru:9443/api/v2/oauth")
        #expect(session.headers.contains { $0.name == "authorization" && $0.value == Secret("Basic a2V5") })
        #expect(session.requestIDHeader == "RqUID")
        #expect(session.bodies == [Array("scope=GIGACHAT_API_B2B".utf8)])
        #expect(session.authorization(Secret("t")).value == Secret("Bearer t"))
        guard case .http(let url, let headers)? = adapter.target(.chat, model: "m", key: Secret("a2V5"))
        else {
            throw UpstreamFailure(.modelNotFound, message: "no target")
        }
        #expect(url == "https://h/api/v1/chat/completions")
        #expect(headers.map(\.name) == ["content-type"])
        #expect(adapter.session(for: nil) == nil)
    }

    @Test func `an unknown scope is looked for from persons to companies`() throws {
        let bodies = try session(.auto).bodies.map { String(decoding: $0, as: UTF8.self) }
        #expect(bodies == ["PERS", "B2B", "CORP"].map { "scope=GIGACHAT_API_" + $0 })
    }

    @Test(arguments: [
        #"{"access_token":"t","expires_at":1750001800000}"#, #"{"tok":"t","exp":1750001800000}"#,
        #"{"tok":"t","exp":1750001800}"#,
    ])
    func `a token is read in each of its forms`(body: String) throws {
        let end = WallTime(nanosecondsSince1970: now.nanosecondsSince1970 + 1_800_000_000_000)
        let reply = try session(.auto).judge(WholeReply(200, body, at: now))
        #expect(reply == .token(Secret("t"), expiresAt: end))
    }

    @Test(arguments: [400, 401])
    func `another scope is tried for code 7 alone, whatever the status`(status: Int) throws {
        let reply = try session(.auto).judge(WholeReply(status, #"{"code":7,"message":"scope"}"#))
        guard case .otherBody(let failure) = reply else {
            Issue.record("\(reply)")
            return
        }
        #expect(failure.kind == .accessMissing)
    }

    @Test(arguments: [
        (401, #"{"code":6,"message":"credentials"}"#, FailureKind.keyRejected),
        (401, #"{"code":4,"message":"header"}"#, .keyRejected),
        (400, #"{"code":5,"message":"scope is empty"}"#, .accessMissing),
        (429, "", .rateLimited), (503, "<html>", .overloaded), (401, "<html>", .malformedReply),
        (200, "{}", .malformedReply), (200, #"{"access_token":"a b"}"#, .malformedReply),
    ])
    func `a token request that fails otherwise fails like any call`(
        status: Int, body: String, kind: FailureKind
    ) throws {
        guard case .failure(let failure) = try session(.auto).judge(WholeReply(status, body)) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == kind)
    }

    @Test func `each call stands before its result, with its state, and results are objects`() throws {
        let state = "77d3fb14-457a-46ba-937e-8d856156d003"
        let tree = try encoded(
            """
            {"model":"r","messages":[{"role":"user","content":"hi"},
            {"role":"assistant","content":null,"tool_calls":[
            {"id":"\(state)","type":"function","function":{"name":"a","arguments":"{\\"x\\":1}"}},
            {"id":"c2","type":"function","function":{"name":"b","arguments":""}}]},
            {"role":"tool","tool_call_id":"\(state)","content":"rain"},
            {"role":"tool","tool_call_id":"c2","content":"{\\"y\\":2}"}]}
            """)
        #expect(
            tree["messages"]?.text == """
                [{"role":"user","content":"hi"},{"role":"assistant","content":"",\
                "function_call":{"name":"a","arguments":{"x":1}},"functions_state_id":"\(state)"},\
                {"role":"function","name":"a","content":"{\\"result\\":\\"rain\\"}"},\
                {"role":"assistant","content":"","function_call":{"name":"b","arguments":{}}},\
                {"role":"function","name":"b","content":"{\\"y\\":2}"}]
                """)
    }

    @Test func `its own options are passed on, and what it lacks is refused or dropped`() throws {
        let text =
            #"{"model":"r","messages":[{"role":"user","content":"x"}],"repetition_penalty":1.1,"seed":7}"#
        #expect { try encoded(text) } throws: { ($0 as? UpstreamFailure)?.parameter == "seed" }
        let tree = try encoded(text, dropping: true)
        #expect(tree["repetition_penalty"] == .number("1.1"))
        #expect(tree["seed"] == nil)
    }

    @Test(arguments: [
        (#"{"prompt_tokens":1,"completion_tokens":4,"total_tokens":5,"precached_prompt_tokens":37}"#, 38),
        (#"{"prompt_tokens":40,"completion_tokens":4,"total_tokens":7,"precached_prompt_tokens":37}"#, 40),
    ])
    func `cached tokens are a part of the prompt, whichever way the total counts`(usage: String, prompt: Int)
        throws
    {
        let body = """
            {"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}],
            "created":1,"model":"GigaChat-2","usage":\(usage)}
            """
        let call = try ChatCall(text: #"{"model":"r","messages":[]}"#)
        let found = try adapter.judge(WholeReply(200, body), to: call).get().summary.usage
        #expect(found == TokenUsage(promptTokens: prompt, completionTokens: 4, cachedTokens: 37))
    }
}
