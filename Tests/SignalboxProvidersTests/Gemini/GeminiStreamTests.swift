import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GeminiStreamTests {
    private static let adapter = GeminiAdapter(baseURL: "https://example.com/v1beta")

    private func steps(
        _ events: [String], call: String = #"{"stream":true,"stream_options":{"include_usage":true}}"#
    ) throws -> (steps: [StreamStep], decoder: any StreamDecoder) {
        let opening = StreamOpening(
            receivedAt: WallTime(nanosecondsSince1970: 1_700_000_000_000_000_000), requestID: "r-1")
        var decoder = Self.adapter.streamDecoder(for: try ChatCall(text: call), opening)
        let steps = events.map { text in
            let bytes = Array("data: \(text)\n\n".utf8)
            return decoder.decode(bytes, in: 6..<bytes.count - 2)
        }
        return (steps, decoder)
    }

    private func payloads(_ step: StreamStep) throws -> [JSONTree] {
        switch step {
        case .replace(let payloads, _), .last(let payloads):
            return try payloads.map { try JSONTree(parsing: $0) }
        case .forward, .done, .malformed, .failure: return []
        }
    }

    private func chunk(_ parts: String, finish: String? = nil, usage: String? = nil, index: Int = 0) -> String
    {
        let end = finish.map { #","finishReason":"\#($0)""# } ?? ""
        let counts = usage.map { #","usageMetadata":\#($0)"# } ?? ""
        return
            #"{"candidates":[{"content":{"parts":[\#(parts)],"#
            + #""role":"model"}\#(end),"index":\#(index)}]\#(counts),"#
            + #""modelVersion":"gemini-2.5-flash","responseId":"r9"}"#
    }

    @Test func `chunks become OpenAI's, and the last one ends the stream with the last usage`() throws {
        let (steps, decoder) = try steps([
            chunk(#"{"text":"hm","thought":true}"#, usage: #"{"promptTokenCount":5}"#),
            chunk(#"{"text":"Hi"}"#, usage: #"{"promptTokenCount":5,"candidatesTokenCount":1}"#),
            chunk(
                #"{"text":"!"}"#, finish: "STOP",
                usage: #"{"promptTokenCount":5,"candidatesTokenCount":2,"thoughtsTokenCount":3}"#),
        ])
        let deltas = try steps.flatMap(payloads).map { $0["choices"]?.elements?.first?["delta"]?.text ?? "" }
        #expect(
            deltas == [
                #"{"role":"assistant","reasoning_content":"hm"}"#, #"{"content":"Hi"}"#, #"{"content":"!"}"#,
                "{}", "",
            ])
        guard case .replace(_, hasDelta: true) = steps[0], case .last = steps[2] else {
            Issue.record("\(steps)")
            return
        }
        let usage = TokenUsage(promptTokens: 5, completionTokens: 5, reasoningTokens: 3)
        #expect(
            decoder.summary == ReplySummary(usage: usage, finishReason: "stop", model: "gemini-2.5-flash"))
        let last = try #require(try payloads(steps[2]).last)
        #expect(
            last["usage"] == usage.tree && last["id"] == "chatcmpl-r9" && last["created"] == 1_700_000_000)
    }

    @Test func `usage is hidden from who did not ask, and booked all the same`() throws {
        let (steps, decoder) = try steps(
            [chunk(#"{"text":"a"}"#, finish: "STOP", usage: #"{"promptTokenCount":5}"#)],
            call: #"{"stream":true}"#)
        #expect(try payloads(steps[0]).allSatisfy { $0["usage"] == nil })
        #expect(decoder.summary.usage == TokenUsage(promptTokens: 5, completionTokens: 0))
    }

    @Test func `a stream is whole when every candidate told its reason`() throws {
        let call = #"{"stream":true,"n":2}"#
        let first = chunk(#"{"text":"a"}"#, finish: "MAX_TOKENS", usage: #"{"promptTokenCount":5}"#)
        let (_, half) = try steps([first], call: call)
        #expect(!half.isCompleteWithoutTerminator)
        let (steps, whole) = try steps(
            [first, chunk(#"{"text":"b"}"#, finish: "STOP", usage: #"{"promptTokenCount":5}"#, index: 1)],
            call: call)
        #expect(whole.isCompleteWithoutTerminator && whole.summary.finishReason == "length")
        guard case .last = steps[1] else {
            Issue.record("\(steps[1])")
            return
        }
        #expect(!(try self.steps([chunk(#"{"text":"a"}"#)]).decoder.isCompleteWithoutTerminator))
    }

    @Test func `usage may come behind the reason to end`() throws {
        let (steps, decoder) = try steps([
            chunk(#"{"text":"a"}"#, finish: "STOP"),
            #"{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1}}"#,
        ])
        guard case .replace = steps[0], case .last(let last) = steps[1] else {
            Issue.record("\(steps)")
            return
        }
        #expect(last.count == 1)
        #expect(decoder.summary.usage == TokenUsage(promptTokens: 5, completionTokens: 1))
    }

    @Test func `calls are counted through the chunks, and end the answer as calls`() throws {
        let (steps, decoder) = try steps([
            chunk(#"{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g"}}"#),
            chunk(#"{"functionCall":{"id":"x","name":"h"}}"#, finish: "STOP"),
        ])
        let calls = try steps.flatMap(payloads).compactMap {
            $0["choices"]?.elements?.first?["delta"]?["tool_calls"]?.elements?.first
        }
        #expect(calls.map { $0["index"] } == [0, 1, 2])
        #expect(calls.map { $0["function"]?["arguments"] } == [#"{"a":1}"#, "{}", "{}"])
        #expect(Set(calls.map { $0["id"]?.string }).count == 3 && calls[2]["id"] == "x")
        #expect(decoder.summary.finishReason == "tool_calls")
    }

    @Test func `an error, a blocked prompt and a badly ended answer are failures`() throws {
        let (steps, _) = try steps([
            #"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            #"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
            chunk(#"{"text":"a"}"#, finish: "MALFORMED_FUNCTION_CALL"),
            "{}", "[]", "", #"{"candidates":"#, #"{"candidates":null}"#,
        ])
        let kinds: [FailureKind?] = steps.map {
            if case .failure(let failure) = $0 { failure.kind } else { nil }
        }
        #expect(kinds == [.overloaded, .contentFiltered, .malformedReply, nil, nil, nil, nil, nil])
        #expect(steps.suffix(5).allSatisfy { $0 == .malformed })
    }
}
