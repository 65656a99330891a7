import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct AnthropicReplyTests {
    private static let adapter = AnthropicAdapter(baseURL: "https://api.anthropic.com/v1")

    private func judge(
        _ status: Int, _ body: String, _ headers: [String: String] = [:], at now: WallTime? = nil
    ) throws -> Result<JudgedReply, UpstreamFailure> {
        let reply = now.map { WholeReply(status, body, headers, at: $0) } ?? WholeReply(status, body, headers)
        return Self.adapter.judge(reply, to: try ChatCall(text: "{}"))
    }

    private func failure(
        _ status: Int, _ type: String, _ message: String, _ headers: [String: String] = [:]
    ) throws -> UpstreamFailure? {
        let body = #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"}}"#
        guard case .failure(let failure) = try judge(status, body, headers) else { return nil }
        return failure
    }

    private static let message = """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[
        {"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"Hello"},
        {"type":"tool_use","id":"t1","name":"f","input":{"x":1.50}}],"stop_reason":"tool_use",
        "usage":{"input_tokens":4,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,
        "output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}}
        """

    private static let usage = TokenUsage(
        promptTokens: 11, completionTokens: 7, cachedTokens: 5, cacheWriteTokens: 2, reasoningTokens: 3)

    @Test func `a message becomes a completion, its input counted with the cache`() throws {
        let judged = try judge(200, Self.message).get()
        #expect(
            judged.summary
                == ReplySummary(usage: Self.usage, finishReason: "tool_calls", model: "claude-x"))
        let answer = try JSONTree(parsing: try #require(judged.body))
        let choice = try #require(answer["choices"]?.elements?.first)
        #expect(choice["message"]?["content"] == "Hello")
        #expect(choice["message"]?["reasoning_content"] == "Hm.")
        let call = choice["message"]?["tool_calls"]?.elements?.first
        #expect(call?["function"]?["arguments"] == #"{"x":1.50}"#)
        #expect(choice["finish_reason"] == "tool_calls")
        #expect(answer["usage"]?["total_tokens"] == 18)
    }

    @Test(arguments: [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "stop"), ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"), ("tool_use", "tool_calls"),
        ("refusal", "content_filter"), ("tomorrow", "stop"),
    ]) func `stop reasons are told in OpenAI's words`(reason: String, wanted: String) throws {
        let body = #"{"type":"message","content":[],"stop_reason":"\#(reason)"}"#
        #expect(try judge(200, body).get().summary.finishReason == wanted)
    }

    @Test(arguments: [
        (400, "invalid_request_error", "Your credit balance is too low", FailureKind.noCredit),
        (
            400, "invalid_request_error", "You have reached your specified API usage limits.",
            .noCredit
        ),
        (402, "billing_error", "Payment required", .noCredit),
        (400, "invalid_request_error", "messages: Field required", .invalidRequest),
        (400, "invalid_request_error", "prompt is too long: 9 tokens > 8 maximum", .contextTooLong),
        (400, "invalid_request_error", "Output blocked by content filtering policy", .contentFiltered),
        (401, "authentication_error", "invalid x-api-key", .keyRejected),
        (403, "permission_error", "no access", .accessMissing),
        (404, "not_found_error", "model: claude-0", .modelNotFound),
        (404, "not_found_error", "Not Found", .malformedReply),
        (413, "request_too_large", "Request exceeds the maximum size", .contextTooLong),
        (429, "rate_limit_error", "too many requests", .rateLimited),
        (429, "rate_limit_error", "This would exceed your monthly limit", .noCredit),
        (500, "api_error", "Internal server error", .overloaded),
        (529, "overloaded_error", "Overloaded", .overloaded), (504, "timeout_error", "", .timeout(.total)),
        // The type speaks before the status, and the status where the type is not known.
        (400, "authentication_error", "invalid x-api-key", .keyRejected),
        (529, "an_error_of_tomorrow", "?", .overloaded), (401, "an_error_of_tomorrow", "?", .keyRejected),
    ]) func `errors are told apart by type, then message, then status`(
        status: Int, type: String, message: String, kind: FailureKind
    ) throws {
        let failure = try #require(try failure(status, type, message))
        #expect(failure.kind == kind)
        #expect(failure.status == status)
        #expect(failure.code == type)
    }

    @Test func `a rate limit's wait is Retry-After, or the reset of what is used up`() throws {
        let limited = ("rate_limit_error", "slow down")
        #expect(try failure(429, limited.0, limited.1, ["retry-after": "9"])?.retryAfter == .seconds(9))
        let headers = [
            "anthropic-ratelimit-requests-limit": "50", "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": "1970-01-01T00:01:30.5Z",
            "anthropic-ratelimit-tokens-limit": "50", "anthropic-ratelimit-tokens-remaining": "9",
            "anthropic-ratelimit-tokens-reset": "1970-01-01T09:00:00Z",
        ]
        #expect(try failure(429, limited.0, limited.1, headers)?.retryAfter == .milliseconds(90_500))
        #expect(try failure(429, limited.0, limited.1)?.retryAfter == nil)
    }

    @Test func `of input and output tokens the tighter limit is read`() {
        let headers = HeaderBlock([
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-reset": "1970-01-01T02:00:00+01:00",
            "anthropic-ratelimit-input-tokens-limit": "1000",
            "anthropic-ratelimit-input-tokens-remaining": "100",
            "anthropic-ratelimit-output-tokens-limit": "100",
            "anthropic-ratelimit-output-tokens-remaining": "50",
            "anthropic-ratelimit-output-tokens-reset": "no date",
        ])
        let hour = WallTime(nanosecondsSince1970: 3_600_000_000_000)
        #expect(
            Self.adapter.limits(in: headers, at: hour)
                == RateLimits(
                    requests: .init(limit: 50, resetsAt: hour), tokens: .init(limit: 1_000, remaining: 100)))
    }

    @Test func `counts that do not fit are no crash`() throws {
        let body =
            #"{"type":"message","content":[],"usage":{"input_tokens":9223372036854775807,"#
            + #""cache_read_input_tokens":9223372036854775807,"output_tokens":-4}}"#
        let usage = try judge(200, body).get().summary.usage
        #expect(usage?.promptTokens == 2 * TokenUsage.countMax)
        #expect(usage?.completionTokens == 0)
    }

    // MARK: Streams

    @Test func `usage is cumulative, and told only to who asked`() throws {
        let events = [
            #"{"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":"#
                + #"{"input_tokens":4,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"#
                + #""output_tokens":1}}}"#,
            #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            #"{"type":"ping"}"#,
            #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#,
            #"{"type":"content_block_stop","index":0}"#, #"{"type":"an_event_of_tomorrow"}"#,
            #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}"#,
        ]
        for wantsUsage in [true, false] {
            let call = try ChatCall(
                text: #"{"stream":true,"stream_options":{"include_usage":\#(wantsUsage)}}"#)
            var decoder = Self.adapter.streamDecoder(
                for: call, StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0), requestID: "r-1"))
            #expect(!decoder.isNative)
            var payloads: [JSONTree] = []
            var deltas: [Bool] = []
            for event in events.map({ Array($0.utf8) }) {
                guard case .replace(let some, let delta) = decoder.decode(event, in: 0..<event.count) else {
                    Issue.record("expected chunks")
                    return
                }
                payloads += try some.map { try JSONTree(parsing: $0) }
                deltas.append(delta)
            }
            #expect(deltas == [false, false, false, true, false, false, false])
            #expect(payloads.count == (wantsUsage ? 3 : 2))
            #expect(payloads.allSatisfy { $0["id"] == "msg_1" && $0["model"] == "claude-x" })
            #expect(payloads[1]["choices"]?.elements?.first?["finish_reason"] == "stop")
            if wantsUsage { #expect(payloads[2]["usage"]?["prompt_tokens"] == 11) }
            #expect(decoder.summary.usage?.completionTokens == 7)
            #expect(decoder.isCompleteWithoutTerminator)
            let stop = Array(#"{"type":"message_stop"}"#.utf8)
            #expect(decoder.decode(stop, in: 0..<stop.count) == .done)
        }
    }

    @Test func `an error in a stream has the class of its type`() throws {
        var decoder = Self.adapter.streamDecoder(
            for: try ChatCall(text: "{}"), StreamOpening(receivedAt: WallTime(nanosecondsSince1970: 0)))
        let event = Array(
            #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#.utf8)
        guard case .failure(let failure) = decoder.decode(event, in: 0..<event.count) else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.kind == .overloaded)
        let torn = Array(#"{"type":"ping""#.utf8)
        #expect(decoder.decode(torn, in: 0..<torn.count) == .malformed)
    }
}
