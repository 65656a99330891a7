/// Realistic requests and headers to be damaged.
enum FuzzRequests {
    static let all = [
        #"{"model":"m","messages":[{"role":"user","content":"hello"}],"temperature":0.2,"max_tokens":64}"#,
        #"{"model":"m","stream":true,"stream_options":{"include_usage":true},"n":2,"stop":["a","b"],"#
            + #""messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","#
            + #""text":"what is it?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk=","#
            + #""detail":"low"}}]}],"seed":7,"top_p":0.9,"logit_bias":{"50256":-100},"user":"u"}"#,
        #"{"model":"m","messages":[{"role":"user","content":"weather?""#
            + #"},{"role":"assistant","content":null,"#
            + #""tool_calls":[{"id":"c1","type":"function","function":{"name"#
            + #"":"w","arguments":"{\"a\":1}"}}]},"#
            + #"{"role":"tool","tool_call_id":"c1","content":"rain"}],"tools"#
            + #"":[{"type":"function","function":"#
            + #"{"name":"w","description":"d","parameters":{"type":"object","#
            + #""properties":{}},"strict":true}}],"#
            + #""tool_choice":{"type":"function","function":{"name":"w"}},"parallel_tool_calls":false}"#,
        #"{"model":"m","messages":[{"role":"developer","content":"x","name":"n"}],"response_format":"#
            + #"{"type":"json_schema","json_schema":{"name":"j","schema":{"t"#
            + #"ype":"object"},"strict":true}},"#
            + #""reasoning_effort":"high","max_completion_tokens":10,"presen"#
            + #"ce_penalty":1,"top_logprobs":3}"#,
    ]

    static let names = [
        "retry-after", "retry-after-ms", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests",
        "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens", "x-ratelimit-limit-requests",
        "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-tokens-remaining", "x-ratelimit-reset",
        "content-type",
    ]

    static let values = [
        "0", "1", "-1", "7.66s", "6m0s", "1h2m3s", "20ms", "1e400", "nan", "inf", "", " ", "9e18",
        "99999999999999999999", "-99999999999999999999s", "Wed, 21 Oct 2015 07:28:00 GMT",
        "Sun, 06 Nov 9999 08:49:37 GMT", "2025-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1d1d1d1d", "s",
        "1x",
        "application/json", "٣", "1_000",
    ]

    static func headers(_ mutation: inout FuzzMutation) -> [String: String] {
        var headers: [String: String] = [:]
        for _ in 0..<Int.random(in: 0...4, using: &mutation.random) {
            guard let name = names.randomElement(using: &mutation.random),
                let value = values.randomElement(using: &mutation.random)
            else { continue }
            let isDamaged = Int.random(in: 0..<4, using: &mutation.random) == 0
            headers[name] =
                isDamaged ? String(decoding: mutation.mutated(Array(value.utf8)), as: UTF8.self) : value
        }
        return headers
    }
}

extension FuzzRequests {
    /// In Anthropic's dialect.
    static let messages = [
        #"{"model":"m","max_tokens":64,"messages":[{"role":"user","content":"hello"}]}"#,
        #"{"model":"m","max_tokens":64,"stream":true,"system":[{"type":"text","text":"s","cache_control":"#
            + #"{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},"#
            + #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},"#
            + #"{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}}]}]}"#,
        #"{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"weather?"},{"role":"assistant","#
            + #""content":[{"type":"text","text":"I look."},{"type":"tool_use","id":"t1","name":"w","#
            + #""input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","#
            + #""content":[{"type":"text","text":"rain"}],"is_error":false}]}],"tools":[{"name":"w","#
            + #""description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","#
            + #""disable_parallel_tool_use":true}}"#,
        #"{"model":"m","max_tokens":2048,"thinking":{"type":"enabled","budget_tokens":1024},"top_k":5,"#
            + #""stop_sequences":["a"],"temperature":1,"metadata":{"user_id":"u"},"service_tier":"auto","#
            + #""messages":[{"role":"user","content":"x"},{"role":"assistant","content":[{"type":"thinking","#
            + #""thinking":"h","signature":"s"},{"type":"redacted_thinking","data":"d"}]}]}"#,
    ]
}
