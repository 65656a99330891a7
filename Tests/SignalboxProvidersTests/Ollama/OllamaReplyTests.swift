import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct OllamaReplyTests {
    private static let adapter = OllamaAdapter(baseURL: "http://localhost:11434")
    private static let streaming = #"{"stream":true,"stream_options":{"include_usage":true}}"#

    private func judge(
        _ status: Int, _ body: String, _ headers: [String: String] = [:], call: String = #"{"model":"chat"}"#,
        _ operation: CallOperation? = nil
    ) throws -> Result<JudgedReply, UpstreamFailure> {
        Self.adapter.judge(
            WholeReply(status, body, headers), to: try ChatCall(text: call, operation: operation))
    }

    private func done(_ message: String, reason: String = "stop", _ more: String = "") -> String {
        #"{"model":"llama3:8b","created_at":"2025-06-15T15:06:40Z","#
            + #""message":\#(message),"done":true,"done_reason":"\#(reason)"\#(more)}"#
    }

    @Test func `an answer has its text, its thoughts and its calls in OpenAI's dialect`() throws {
        let message =
            #"{"role":"assistant","content":"Hello","thinking":"hm","#
            + #""tool_calls":[{"function":{"name":"at","arguments":{"p":1.50}}},"#
            + #"{"id":"o2","function":{"name":"now","arguments":{}}}]}"#
        let counts = #","total_duration":5,"prompt_eval_count":26,"eval_count":9"#
        let judged = try judge(200, done(message, counts)).get()
        let usage = TokenUsage(promptTokens: 26, completionTokens: 9)
        #expect(judged.summary == ReplySummary(usage: usage, finishReason: "tool_calls", model: "llama3:8b"))
        let tree = try JSONTree(parsing: try #require(judged.body))
        #expect(tree["id"] == "chatcmpl-r-1" && tree["usage"] == usage.tree)
        let seen = try #require(tree["choices"]?.elements?[0]["message"])
        #expect(seen["content"] == "Hello" && seen["reasoning_content"] == "hm")
        let calls = try #require(seen["tool_calls"]?.elements)
        #expect(calls.map { $0["function"]?["arguments"] } == [#"{"p":1.50}"#, "{}"])
        #expect(calls[0]["id"]?.string?.hasPrefix("call_") == true && calls[1]["id"] == "o2")
    }

    @Test(arguments: [("stop", "stop"), ("length", "length"), ("load", "stop")])
    func `a reason to end is told in OpenAI's words`(reason: String, finish: String) throws {
        let judged = try judge(200, done(#"{"content":"x"}"#, reason: reason)).get()
        #expect(judged.summary.finishReason == finish)
    }

    @Test func `log probabilities pass as they are`() throws {
        let tokens = #"[{"token":"x","logprob":-0.5,"bytes":[120],"top_logprobs":[]}]"#
        let body = done(#"{"content":"x"}"#, #","logprobs":\#(tokens)"#)
        let tree = try JSONTree(parsing: try #require(try judge(200, body).get().body))
        #expect(tree["choices"]?.elements?[0]["logprobs"]?.text == #"{"content":\#(tokens),"refusal":null}"#)
    }

    @Test(
        arguments: [
            ("", TokenUsage?.none), (#","eval_count":9"#, TokenUsage(promptTokens: 0, completionTokens: 9)),
            (
                #","prompt_eval_count":4,"eval_count":9"#, TokenUsage(promptTokens: 4, completionTokens: 9)
            ),
        ]) func `a count that is missing is not made up`(counts: String, usage: TokenUsage?) throws
    {
        #expect(try judge(200, done(#"{"content":"x"}"#, counts)).get().summary.usage == usage)
    }

    @Test(
        arguments: [
            (404, #"{"error":"model 'x' not found"}"#, .modelNotFound),
            (404, #"{"error":"model \"x\" not found, try pulling it first"}"#, .modelNotFound),
            (404, #"{"error":"no such path"}"#, .malformedReply),
            (404, "404 page not found", .malformedReply),
            (400, #"{"error":"\"x\" does not support tools"}"#, .invalidRequest),
            (400, #"{"error":"option \"top_k\" must be of type integer"}"#, .invalidRequest),
            (400, #"{"error":"the input exceeds the context length"}"#, .contextTooLong),
            (401, #"{"error":"unauthorized"}"#, .keyRejected), (401, "<html>", .malformedReply),
            (402, #"{"error":"pay"}"#, .noCredit), (403, "Forbidden", .malformedReply),
            (403, #"{"error":"this model requires a subscription, upgrade for access"}"#, .accessMissing),
            (403, #"{"error":"forbidden"}"#, .accessMissing),
            (429, #"{"error":"you've reached your weekly usage limit"}"#, .rateLimited),
            (429, #"{"error":"too many concurrent requests"}"#, .rateLimited),
            (
                503, #"{"error":"server busy, please try again. maximum pending requests exceeded"}"#,
                .overloaded
            ),
            (500, #"{"error":"model requires more system memory (8 GiB) than is available"}"#, .overloaded),
            (500, #"{"error":"llama runner process has terminated: exit status 2"}"#, .overloaded),
            (502, "<html>bad gateway</html>", .overloaded), (408, #"{"error":"x"}"#, .timeout(.total)),
            (405, #"{"error":"x"}"#, .malformedReply), (413, #"{"error":"x"}"#, .invalidRequest),
            (200, #"{"error":"llama runner process has terminated"}"#, .overloaded),
            (200, "", .malformedReply), (200, "{}", .malformedReply), (200, "[]", .malformedReply),
            (200, #"{"message":{"content":"half"},"done":false}"#, .malformedReply),
        ] as [(Int, String, FailureKind)]) func `a failure is classed by its words, then its status`(
            status: Int, body: String, kind: FailureKind
        ) throws
    {
        guard case .failure(let failure) = try judge(status, body, ["retry-after": "7"]) else {
            Issue.record("accepted \(body)")
            return
        }
        #expect(failure.kind == kind)
        #expect(failure.errorObject == nil)
        if status != 200 { #expect(failure.retryAfter == .seconds(7)) }
    }

    @Test func `vectors come in the order of the texts`() throws {
        let call = #"{"model":"e","input":["a","b"]}"#
        let judged = try judge(
            200, #"{"model":"nomic","embeddings":[[0.5,-1],[1,2]],"prompt_eval_count":6}"#, call: call,
            .embeddings
        ).get()
        #expect(
            judged.summary
                == ReplySummary(usage: TokenUsage(promptTokens: 6, completionTokens: 0), model: "nomic"))
        let tree = try JSONTree(parsing: try #require(judged.body))
        #expect(tree["data"]?.elements?.map { $0["embedding"]?.text } == ["[0.5,-1.0]", "[1.0,2.0]"])
        guard case .failure(let failure) = try judge(200, #"{"embeddings":[[1]]}"#, call: call, .embeddings)
        else {
            Issue.record("accepted one vector for two texts")
            return
        }
        #expect(failure.kind == .malformedReply)
    }

    // MARK: Streams

    private func steps(
        _ lines: [String], call: String = streaming
    ) throws -> (steps: [StreamStep], decoder: any StreamDecoder) {
        let opening = StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0), requestID: "r-1")
        var decoder = Self.adapter.streamDecoder(for: try ChatCall(text: call), opening)
        let steps = lines.map { decoder.decode(Array($0.utf8), in: 0..<$0.utf8.count) }
        return (steps, decoder)
    }

    private func line(_ message: String) -> String {
        #"{"model":"llama3:8b","message":\#(message),"done":false}"#
    }

    @Test func `lines become chunks, and the line that is done ends the stream`() throws {
        let (steps, decoder) = try steps([
            line(#"{"role":"assistant","content":"","thinking":"hm"}"#), line(#"{"content":"Hi"}"#),
            line(#"{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}"#),
            line(#"{"content":"","tool_calls":[{"function":{"name":"g","arguments":{}}}]}"#),
            line(#"{"content":""}"#),
            done(#"{"content":""}"#, #","prompt_eval_count":4,"eval_count":9"#),
        ])
        var payloads: [JSONTree] = []
        for step in steps {
            switch step {
            case .replace(let chunks, _), .last(let chunks):
                payloads += try chunks.map { try JSONTree(parsing: $0) }
            case .forward, .done, .malformed, .failure: Issue.record("\(step)")
            }
        }
        let deltas = payloads.compactMap { $0["choices"]?.elements?.first?["delta"] }
        #expect(deltas.map { $0["content"]?.string } == [nil, "Hi", nil, nil, nil])
        #expect(deltas[0]["reasoning_content"] == "hm" && deltas[0]["role"] == "assistant")
        let calls = deltas.compactMap { $0["tool_calls"]?.elements?.first }
        #expect(calls.map { $0["index"] } == [0, 1] && calls[0]["id"] != calls[1]["id"])
        #expect(steps[4] == .replace([], hasDelta: false))
        guard case .last = steps[5] else {
            Issue.record("\(steps[5])")
            return
        }
        let usage = TokenUsage(promptTokens: 4, completionTokens: 9)
        #expect(payloads.last?["usage"] == usage.tree)
        #expect(decoder.summary == ReplySummary(usage: usage, finishReason: "tool_calls", model: "llama3:8b"))
        #expect(decoder.isCompleteWithoutTerminator)
    }

    @Test func `usage is hidden from who did not ask, and booked all the same`() throws {
        let (steps, decoder) = try steps(
            [done(#"{"content":"x"}"#, #","prompt_eval_count":4,"eval_count":9"#)], call: #"{"stream":true}"#)
        guard case .last(let payloads) = steps[0] else {
            Issue.record("\(steps)")
            return
        }
        #expect(payloads.count == 2)
        #expect(decoder.summary.usage == TokenUsage(promptTokens: 4, completionTokens: 9))
    }

    @Test func `an error line is a failure, and a stream without its last line is broken`() throws {
        let (steps, decoder) = try steps([
            line(#"{"content":"Hi"}"#), #"{"error":"an error was encountered while running the model"}"#,
            #"{"error":"model 'x' not found"}"#, "{", "[]", "{}", "<html>",
        ])
        let kinds: [FailureKind?] = steps.map {
            if case .failure(let failure) = $0 { failure.kind } else { nil }
        }
        #expect(kinds == [nil, .overloaded, .modelNotFound, nil, nil, nil, nil])
        #expect(steps.suffix(4).allSatisfy { $0 == .malformed })
        #expect(!decoder.isCompleteWithoutTerminator)
    }
}
