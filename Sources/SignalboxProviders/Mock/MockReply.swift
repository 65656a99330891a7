import SignalboxCore

/// Writes the replies of one mock model as scripts.
struct MockScript {
    let model: String
    let settings: MockSettings

    var mode: MockMode { MockMode(model: model) }

    /// The reply to a call that does not stream.
    func plain() -> ReplyScript {
        if let failure = MockFailure.script(for: mode, settings: settings) { return failure }
        let body = completion()
        let begun: [ReplyScript.Step] = [
            .wait(settings.latency), .head(status: 200, headers: ["content-type": "application/json"]),
        ]
        let half = ReplyScript.Step.bytes(Array(body.prefix(body.count / 2)))
        switch mode {
        case .cut: return ReplyScript(steps: begun + [half, .cut])
        case .stall: return ReplyScript(steps: begun + [half, .stall])
        case .normal, .timeout, .unhealthy, .rateLimit, .authError, .invalidRequest, .malformed,
            .malformedChunk:
            return ReplyScript(steps: begun + [.bytes(body)])
        }
    }

    private func completion() -> [UInt8] {
        var body = envelope(object: "chat.completion")
        body += Array(#""choices":[{"index":0,"message":{"role":"assistant","content":"#.utf8)
        JSONText.append(settings.text, to: &body)
        body += Array(#","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":"#.utf8)
        appendUsage(to: &body)
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// `{"id":…,"object":…,"created":…,"model":…,` — the same time always: a script knows no clock.
    func envelope(object: String) -> [UInt8] {
        var bytes = Array(#"{"id":"chatcmpl-mock","object":"\#(object)","created":1700000000,"model":"#.utf8)
        JSONText.append(model, to: &bytes)
        bytes.append(UInt8(ascii: ","))
        return bytes
    }

    func appendUsage(to bytes: inout [UInt8]) {
        bytes += Array(#"{"prompt_tokens":"#.utf8)
        JSONText.append(settings.promptTokens, to: &bytes)
        bytes += Array(#","completion_tokens":"#.utf8)
        JSONText.append(settings.completionTokens, to: &bytes)
        bytes += Array(#","total_tokens":"#.utf8)
        JSONText.append(settings.promptTokens + settings.completionTokens, to: &bytes)
        bytes += Array(#","prompt_tokens_details":{"cached_tokens":0}"#.utf8)
        bytes += Array(#","completion_tokens_details":{"reasoning_tokens":0}}"#.utf8)
    }
}
