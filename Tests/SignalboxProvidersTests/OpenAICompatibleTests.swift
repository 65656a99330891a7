import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct OpenAICompatibleTests {
    private static let adapter = OpenAICompatibleAdapter(baseURL: "https://api.example.com/v1//")

    private func judge(_ body: String) throws -> Result<ReplySummary, UpstreamFailure> {
        Self.adapter.judge(WholeReply(200, body), to: try ChatCall(text: "{}")).map(\.summary)
    }

    private func encode(_ text: String, model: String) throws -> String {
        String(decoding: try Self.adapter.encode(try ChatCall(text: text), model: model), as: UTF8.self)
    }

    @Test func `a call goes to the completions path with its key as a bearer`() throws {
        guard case .http(let url, let headers) = Self.adapter.target(.chat, model: "m", key: Secret("k1"))
        else {
            Issue.record("expected a network target")
            return
        }
        #expect(url == "https://api.example.com/v1/chat/completions")
        #expect(headers.map(\.name) == ["content-type", "authorization"])
        #expect(headers.map { $0.value.reveal() } == ["application/json", "Bearer k1"])
        guard case .http(_, let open) = Self.adapter.target(.chat, model: "m", key: nil) else { return }
        #expect(open.map(\.name) == ["content-type"])
    }

    @Test func `only the model changes on the way out, wherever it is named`() throws {
        let text = #"{ "mod\u0065l":"x","top_k" : 4.0e1, "model":"chat","x_unknown":[ ] }"#
        #expect(
            try encode(text, model: "gpt")
                == #"{ "mod\u0065l":"gpt","top_k" : 4.0e1, "model":"gpt","x_unknown":[ ] }"#)
        #expect(try encode(text, model: "chat").contains(#""mod\u0065l":"chat""#))
        #expect(try encode(#"{"model": "chat"}"#, model: "chat") == #"{"model": "chat"}"#)
    }

    @Test func `usage and finish reason are read from a reply`() throws {
        let body =
            #"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}],"#
            + #""usage":{"prompt_tokens":9,"completion_tokens":5,"#
            + #""prompt_tokens_details":{"cached_tokens":4},"#
            + #""completion_tokens_details":{"reasoning_tokens":3}}}"#
        let usage = TokenUsage(promptTokens: 9, completionTokens: 5, cachedTokens: 4, reasoningTokens: 3)
        #expect(try judge(body) == .success(ReplySummary(usage: usage, finishReason: "stop")))
        #expect(try judge(#"{"choices":[{}],"usage":null}"#) == .success(ReplySummary()))
    }

    @Test(arguments: [
        "", "<html></html>", "{}", "[]", #"{"choices":{}}"#, #"{"choices":[]}"#, #"{"choices":[{"index":0"#,
        "null",
        #"{"choices":[]} x"#,
    ]) func `a reply that is not the provider's format is malformed`(body: String) throws {
        guard case .failure(let failure) = try judge(body) else {
            Issue.record("accepted \(body)")
            return
        }
        #expect(failure.kind == .malformedReply)
        #expect(failure.status == 200)
    }

    @Test func `embeddings go to their own path, and their tokens are read`() throws {
        let call = try ChatCall(text: #"{"model":"e","input":["a"],"x":1.50}"#, operation: .embeddings)
        guard case .http(let url, _) = Self.adapter.target(.embeddings, model: "m", key: nil) else {
            Issue.record("expected a network target")
            return
        }
        #expect(url == "https://api.example.com/v1/embeddings")
        let sent = try Self.adapter.encode(call, model: "m")
        #expect(String(decoding: sent, as: UTF8.self) == #"{"model":"m","input":["a"],"x":1.50}"#)
        let reply = WholeReply(
            200,
            #"{"object":"list","data":[{"object":"embedding","index":0,"embedding":"AACAPw=="}],"#
                + #""model":"e-1","usage":{"prompt_tokens":4,"total_tokens":4}}"#)
        let usage = TokenUsage(promptTokens: 4, completionTokens: 0)
        #expect(
            Self.adapter.judge(reply, to: call)
                == .success(JudgedReply(ReplySummary(usage: usage, model: "e-1"))))
        for body in [#"{"choices":[{}]}"#, #"{"data":[]}"#, #"{"data":{}}"#, "[]", ""] {
            guard case .failure(let failure) = Self.adapter.judge(WholeReply(200, body), to: call) else {
                Issue.record("accepted \(body)")
                continue
            }
            #expect(failure.kind == .malformedReply)
        }
    }

    private func steps(
        _ events: [String], to call: String = "{}"
    ) throws -> (steps: [StreamStep], decoder: any StreamDecoder) {
        let opening = StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0))
        var decoder = Self.adapter.streamDecoder(for: try ChatCall(text: call), opening)
        let steps = events.map { text in
            let bytes = Array("data: \(text)\n\n".utf8)
            return decoder.decode(bytes, in: 6..<bytes.count - 2)
        }
        return (steps, decoder)
    }

    private func chunk(_ delta: String, finish: String = "null", of choice: Int = 0) -> String {
        #"{"id":"1","choices":[{"index":\#(choice),"delta":\#(delta),"#
            + #""finish_reason":\#(finish)}],"usage":null}"#
    }

    @Test func `a stream's first content, its usage and its end are told`() throws {
        let (steps, decoder) = try steps([
            chunk(#"{"role":"assistant","content":""}"#), chunk(#"{"content":"a"}"#),
            chunk("{}", finish: #""stop""#),
            #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#, "[DONE]",
        ])
        #expect(
            steps == [
                .forward(hasDelta: false), .forward(hasDelta: true), .forward(hasDelta: false),
                .replace([], hasDelta: false), .done,
            ])
        #expect(decoder.summary.usage == TokenUsage(promptTokens: 3, completionTokens: 1))
        #expect(decoder.summary.finishReason == "stop")
        #expect(decoder.isCompleteWithoutTerminator)
    }

    @Test func `of several answers one that is whole does not make the others so`() throws {
        let first = chunk("{}", finish: #""stop""#)
        let one = try steps([first, first, chunk(#"{"content":"b"}"#, of: 1)], to: #"{"n":2}"#)
        #expect(!one.decoder.isCompleteWithoutTerminator)
        let both = try steps([first, chunk("{}", finish: #""length""#, of: 1)], to: #"{"n":2}"#)
        #expect(both.decoder.isCompleteWithoutTerminator)
    }

    @Test func `a finish reason without a word is none`() throws {
        let (_, decoder) = try steps([chunk(#"{"content":"a"}"#, finish: #""""#)])
        #expect(!decoder.isCompleteWithoutTerminator && decoder.summary.finishReason == nil)
    }

    @Test(arguments: [
        (#"{"tool_calls":[{"index":0}]}"#, true), (#"{"reasoning_content":"x"}"#, true),
        (#"{"refusal":"no"}"#, true),
        (#"{"tool_calls":[]}"#, false), (#"{"content":null}"#, false), (#"{"role":"assistant"}"#, false),
        ("null", false),
    ]) func `anything that a caller would see is a delta`(delta: String, hasDelta: Bool) throws {
        let (steps, decoder) = try steps([chunk(delta)])
        #expect(steps == [.forward(hasDelta: hasDelta)])
        #expect(!decoder.isCompleteWithoutTerminator)
    }

    @Test func `an error inside a stream is a failure, and what is not JSON is malformed`() throws {
        let (steps, _) = try steps([
            #"{"error":{"message":"busy","type":"server_error","code":null}}"#, "{\"choices\":[", "[]", "",
            "{}",
            #"{"error":null,"choices":[]}"#, "[DONE]x",
        ])
        let failure = UpstreamFailure(.overloaded, message: "busy", code: "server_error")
        #expect(
            steps == [
                .failure(failure), .malformed, .malformed, .malformed, .malformed, .forward(hasDelta: false),
                .malformed,
            ])
    }

    @Test func `a kind makes its adapter, or says what is missing`() throws {
        #expect(throws: ProviderSettingsError.baseURLMissing(kind: .openAICompatible)) {
            try ProviderKind.openAICompatible.adapter(settings: ProviderSettings())
        }
        _ = try ProviderKind.openAICompatible.adapter(settings: ProviderSettings(baseURL: "http://x"))
        _ = try ProviderKind.mock.adapter(settings: ProviderSettings())
        #expect(ProviderKind(rawValue: "openai-compatible") == .openAICompatible)
    }
}
