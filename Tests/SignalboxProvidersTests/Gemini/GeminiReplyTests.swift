import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GeminiReplyTests {
    private static let adapter = GeminiAdapter(baseURL: "https://example.com/v1beta")

    private func judge(
        _ body: String, call: String = #"{"model":"chat"}"#, _ operation: CallOperation? = nil
    ) throws -> Result<JudgedReply, UpstreamFailure> {
        let now = WallTime(nanosecondsSince1970: 1_700_000_000_500_000_000)
        return Self.adapter.judge(
            WholeReply(200, body, at: now), to: try ChatCall(text: call, operation: operation))
    }

    private func answer(_ body: String) throws -> JSONTree {
        try JSONTree(parsing: try #require(try judge(body).get().body))
    }

    private func candidate(_ parts: String, finish: String = "STOP", index: Int? = nil) -> String {
        let place = index.map { #","index":\#($0)"# } ?? ""
        return #"{"content":{"role":"model","parts":[\#(parts)]},"finishReason":"\#(finish)"\#(place)}"#
    }

    @Test func `an answer has its text, its thoughts and its calls in OpenAI's dialect`() throws {
        let parts =
            #"{"text":"hm","thought":true},{"text":"Hel"},{"text":"lo","thoughtSignature":"s"},"#
            + #"{"functionCall":{"name":"at","args":{"p":1.50}}},{"functionCall":{"id":"g2","name":"now"}}"#
        let tree = try answer(
            #"{"candidates":[\#(candidate(parts))],"#
                + #""modelVersion":"gemini-2.5-flash-001","responseId":"r9","#
                + #""usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2}}"#
        )
        #expect(tree["id"] == "chatcmpl-r9" && tree["object"] == "chat.completion")
        #expect(tree["model"] == "gemini-2.5-flash-001" && tree["created"] == 1_700_000_000)
        let choice = try #require(tree["choices"]?.elements?.first)
        #expect(choice["finish_reason"] == "tool_calls")
        #expect(choice["message"]?["content"] == "Hello" && choice["message"]?["reasoning_content"] == "hm")
        let calls = try #require(choice["message"]?["tool_calls"]?.elements)
        #expect(calls.map { $0["function"]?["name"] } == ["at", "now"])
        #expect(calls.map { $0["function"]?["arguments"] } == [#"{"p":1.50}"#, "{}"])
        let made = try #require(calls[0]["id"]?.string)
        #expect(made.hasPrefix("call_") && made.utf8.count <= 40)
        #expect(calls[1]["id"] == "g2")
    }

    @Test func `ids that are made up are the same for the same answer only`() throws {
        func id(_ response: String) throws -> String? {
            let body =
                #"{"responseId":"\#(response)","#
                + #""candidates":[\#(candidate(#"{"functionCall":{"name":"f"}}"#))]}"#
            return try answer(body)["choices"]?.elements?[0]["message"]?["tool_calls"]?.elements?[0]["id"]?
                .string
        }
        #expect(try id("a") == id("a"))
        #expect(try id("a") != id("b"))
    }

    @Test(
        arguments: [
            ("STOP", "stop"), ("MAX_TOKENS", "length"), ("CONTINUATION", "length"),
            ("SAFETY", "content_filter"), ("RECITATION", "content_filter"), ("LANGUAGE", "content_filter"),
            ("BLOCKLIST", "content_filter"), ("PROHIBITED_CONTENT", "content_filter"),
            ("SPII", "content_filter"), ("IMAGE_SAFETY", "content_filter"),
            ("IMAGE_PROHIBITED_CONTENT", "content_filter"), ("IMAGE_RECITATION", "content_filter"),
            ("ESCALATION", "content_filter"), ("MODEL_ARMOR", "content_filter"),
        ]) func `a reason to end is told in OpenAI's words`(reason: String, finish: String) throws
    {
        let judged = try judge(#"{"candidates":[\#(candidate(#"{"text":"x"}"#, finish: reason))]}"#).get()
        #expect(judged.summary.finishReason == finish)
        let tree = try JSONTree(parsing: try #require(judged.body))
        #expect(tree["choices"]?.elements?[0]["finish_reason"]?.string == finish)
    }

    @Test(
        arguments: [
            ("MALFORMED_FUNCTION_CALL", .malformedReply), ("UNEXPECTED_TOOL_CALL", .malformedReply),
            ("TOO_MANY_TOOL_CALLS", .malformedReply), ("MALFORMED_RESPONSE", .malformedReply),
            ("NO_IMAGE", .malformedReply), ("IMAGE_OTHER", .malformedReply), ("OTHER", .malformedReply),
            ("FINISH_REASON_UNSPECIFIED", .malformedReply), ("SOMETHING_NEW", .malformedReply),
            ("MISSING_THOUGHT_SIGNATURE", .invalidRequest), ("PUP_LIMITED_DISABLED", .accessMissing),
        ] as [(String, FailureKind)]) func `an answer that ended badly is no answer`(
            reason: String, kind: FailureKind
        ) throws
    {
        let body = #"{"candidates":[\#(candidate(#"{"text":"x"}"#, finish: reason))]}"#
        guard case .failure(let failure) = try judge(body) else {
            Issue.record("accepted \(reason)")
            return
        }
        #expect(failure.kind == kind && failure.code == reason)
    }

    @Test func `candidates are choices in their order`() throws {
        let two = [candidate(#"{"text":"b"}"#, index: 1), candidate(#"{"text":"a"}"#)].joined(separator: ",")
        let choices = try answer(#"{"candidates":[\#(two)]}"#)["choices"]?.elements
        #expect(choices?.map { $0["message"]?["content"] } == ["a", "b"])
        #expect(choices?.map { $0["index"] } == [0, 1])
    }

    @Test(
        arguments: [
            (
                #"{"promptTokenCount":100,"cachedContentTokenCount":40,"#
                    + #""candidatesTokenCount":20,"thoughtsTokenCount":30,"#
                    + #""toolUsePromptTokenCount":5,"totalTokenCount":155}"#,
                TokenUsage(promptTokens: 105, completionTokens: 50, cachedTokens: 40, reasoningTokens: 30)
            ), (#"{"promptTokenCount":7}"#, TokenUsage(promptTokens: 7, completionTokens: 0)),
            (
                #"{"promptTokenCount":7,"thoughtsTokenCount":3,"totalTokenCount":10}"#,
                TokenUsage(promptTokens: 7, completionTokens: 3, reasoningTokens: 3)
            ), (#"{"totalTokenCount":7}"#, nil),
        ] as [(String, TokenUsage?)]) func `thoughts are added to the answer, tools' reading to the prompt`(
            metadata: String, usage: TokenUsage?
        ) throws
    {
        let body = #"{"candidates":[\#(candidate(#"{"text":"x"}"#))],"usageMetadata":\#(metadata)}"#
        #expect(try judge(body).get().summary.usage == usage)
    }

    @Test func `log probabilities stand token beside token`() throws {
        let result =
            #"{"chosenCandidates":[{"token":"é","logProbability":-0.5}],"#
            + #""topCandidates":[{"candidates":[{"token":"e","#
            + #""logProbability":-1}]}]}"#
        let body =
            #"{"candidates":[{"content":{"parts":[{"text":"é"}]},"#
            + #""finishReason":"STOP","logprobsResult":\#(result)}]}"#
        #expect(
            try answer(body)["choices"]?.elements?[0]["logprobs"]?.text
                == #"{"content":[{"token":"é","logprob":-0.5,"bytes":[195,169],"#
                + #""top_logprobs":[{"token":"e","logprob":-1,"bytes":[101]}]}],"#
                + #""refusal":null}"#
        )
    }

    @Test func `a prompt that was blocked is a filtered request`() throws {
        let body =
            #"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4}}"#
        guard case .failure(let failure) = try judge(body) else {
            Issue.record("accepted a blocked prompt")
            return
        }
        #expect(failure.kind == .contentFiltered && failure.code == "PROHIBITED_CONTENT")
    }

    @Test(arguments: [
        "", "<html></html>", "{}", "[]", "null", #"{"candidates":[]}"#, #"{"candidates":{}}"#,
        #"{"candidates":[{"content":{"parts":[{"text":"cut"}]}}]}"#, #"{"candidates":[{"#,
    ]) func `a reply that is not Gemini's format, or not whole, is malformed`(body: String) throws {
        guard case .failure(let failure) = try judge(body) else {
            Issue.record("accepted \(body)")
            return
        }
        #expect(failure.kind == .malformedReply && failure.status == 200)
    }

    @Test func `vectors come in the order of the texts, in the encoding asked for`() throws {
        let vectors =
            #"{"embeddings":[{"values":[0.5,-1]},{"values":[1,2e-1]}],"#
            + #""usageMetadata":{"promptTokenCount":6}}"#
        let judged = try judge(vectors, call: #"{"model":"e","input":["a","b"]}"#, .embeddings).get()
        #expect(judged.summary.usage == TokenUsage(promptTokens: 6, completionTokens: 0))
        let tree = try JSONTree(parsing: try #require(judged.body))
        #expect(tree["data"]?.elements?.map { $0["embedding"]?.text } == ["[0.5,-1.0]", "[1.0,0.2]"])
        let packed = try judge(
            #"{"embeddings":[{"values":[1]}]}"#,
            call: #"{"model":"e","input":"a","encoding_format":"base64"}"#, .embeddings
        ).get()
        let data = try JSONTree(parsing: try #require(packed.body))["data"]
        #expect(data?.elements?[0]["embedding"] == "AACAPw==")
        for broken in [
            #"{"embeddings":[{"values":[1]}]}"#, #"{"embeddings":[{"values":[1]},{"values":["x"]}]}"#,
        ] {
            guard
                case .failure(let failure) = try judge(
                    broken, call: #"{"model":"e","input":["a","b"]}"#, .embeddings)
            else {
                Issue.record("accepted \(broken)")
                continue
            }
            #expect(failure.kind == .malformedReply)
        }
    }
}
