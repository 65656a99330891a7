import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct AnthropicRequestTests {
    private func encode(_ text: String, drops: Bool = false) throws -> JSONTree {
        let adapter = AnthropicAdapter(baseURL: "https://api.anthropic.com/v1", dropsUnsupported: drops)
        return try JSONTree(parsing: try adapter.encode(try ChatCall(text: text), model: "claude"))
    }

    private func tree(_ text: String) throws -> JSONTree { try JSONTree(parsing: Array(text.utf8)) }

    private static let hello = #""messages":[{"role":"user","content":"hello"}]"#

    @Test func `a call goes to the messages path with its key and version`() throws {
        let adapter = AnthropicAdapter(baseURL: "https://api.anthropic.com/v1//")
        guard case .http(let url, let headers) = adapter.target(.chat, model: "m", key: Secret("k1")) else {
            Issue.record("expected a network target")
            return
        }
        #expect(url == "https://api.anthropic.com/v1/messages")
        #expect(headers.map(\.name) == ["content-type", "anthropic-version", "x-api-key"])
        #expect(headers.map { $0.value.reveal() } == ["application/json", "2023-06-01", "k1"])
        #expect(adapter.target(.embeddings, model: "m", key: nil) == nil)
    }

    @Test func `roles are merged, system prompts joined, and tool results come as blocks`() throws {
        let body = try encode(
            """
            {"messages":[{"role":"system","content":"one"},{"role":"developer","content":"two"},
            {"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]},
            {"role":"assistant","content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"f","arguments":"{\\"x\\":1.0}"}},
            {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
            {"role":"tool","tool_call_id":"c1","content":"r1"},
            {"role":"tool","tool_call_id":"c2","content":""},
            {"role":"user","content":"and?"}]}
            """)
        #expect(body["system"] == "one\n\ntwo")
        #expect(
            body["messages"]
                == (try tree(
                    """
                    [{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},
                    {"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"x":1.0}},
                    {"type":"tool_use","id":"c2","name":"g","input":{}}]},
                    {"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r1"},
                    {"type":"tool_result","tool_use_id":"c2","content":""},{"type":"text","text":"and?"}]}]
                    """)))
    }

    @Test func `images and documents keep their source`() throws {
        let body = try encode(
            """
            {"messages":[{"role":"user","content":[
            {"type":"image_url","image_url":{"url":"https://example.com/a.png","detail":"low"}},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}},
            {"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,BBBB"}}]}]}
            """)
        #expect(
            body["messages"]?.elements?.first?["content"]
                == (try tree(
                    """
                    [{"type":"image","source":{"type":"url","url":"https://example.com/a.png"}},
                    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
                    {"type":"document","title":"a.pdf",
                    "source":{"type":"base64","media_type":"application/pdf","data":"BBBB"}}]
                    """)))
    }

    @Test(arguments: [
        (#""tool_choice":"auto""#, #"{"type":"auto"}"#), (#""tool_choice":"none""#, #"{"type":"none"}"#),
        (#""tool_choice":"required""#, #"{"type":"any"}"#),
        (
            #""tool_choice":{"type":"function","function":{"name":"f"}}"#,
            #"{"type":"tool","name":"f"}"#
        ),
        (#""parallel_tool_calls":false"#, #"{"type":"auto","disable_parallel_tool_use":true}"#),
        (
            #""parallel_tool_calls":false,"tool_choice":"required""#,
            #"{"type":"any","disable_parallel_tool_use":true}"#
        ),
    ]) func `a tool choice says whether calls may be parallel`(asked: String, wanted: String) throws {
        let tools = #""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]"#
        let body = try encode("{\(Self.hello),\(tools),\(asked)}")
        #expect(body["tools"] == (try tree(#"[{"name":"f","input_schema":{"type":"object"}}]"#)))
        #expect(body["tool_choice"] == (try tree(wanted)))
    }

    @Test func `options keep their spelling, and Anthropic's own pass through`() throws {
        let body = try encode(
            """
            {\(Self.hello),"max_completion_tokens":99,"temperature":0.50,"top_p":1e-1,"top_k":4,"stop":"END",
            "user":"u1","stream":true,"stream_options":{"include_usage":true},
            "thinking":{"type":"adaptive"},"service_tier":"auto","reasoning_effort":"high"}
            """)
        #expect(
            body
                == (try tree(
                    """
                    {"model":"claude","max_tokens":99,
                    "messages":[{"role":"user","content":[{"type":"text","text":"hello"}]}],
                    "stop_sequences":["END"],"temperature":0.50,"top_p":1e-1,"top_k":4,
                    "metadata":{"user_id":"u1"},"stream":true,"thinking":{"type":"adaptive"},
                    "service_tier":"auto"}
                    """)))
    }

    @Test(arguments: [
        (#""reasoning_effort":"low""#, 1_024, 5_120), (#""reasoning_effort":"high""#, 16_384, 20_480),
        (#""reasoning_effort":"high","max_tokens":3000"#, 1_500, 3_000),
    ]) func `an effort becomes a budget that leaves room for the answer`(
        asked: String, budget: Int, limit: Int
    ) throws {
        let body = try encode("{\(Self.hello),\(asked)}")
        #expect(
            body["thinking"] == .object(["type": "enabled", "budget_tokens": .integer(budget)]))
        #expect(body["max_tokens"] == .integer(limit))
    }

    @Test func `without a limit the default one is sent`() throws {
        let body = try encode(#"{\#(Self.hello),"reasoning_effort":"none"}"#)
        #expect(body["max_tokens"] == 4_096)
        #expect(body["thinking"] == nil)
    }

    @Test func `a schema for the answer is an output format`() throws {
        let format = #"{"type":"json_schema","json_schema":{"name":"a","schema":{"type":"object"}}}"#
        let body = try encode(#"{\#(Self.hello),"response_format":\#(format)}"#)
        #expect(
            body["output_config"]
                == (try tree(#"{"format":{"type":"json_schema","schema":{"type":"object"}}}"#)))
    }

    @Test(arguments: [
        ("n", "2"), ("logprobs", "true"), ("top_logprobs", "3"), ("logit_bias", #"{"1":2}"#), ("seed", "0"),
        ("presence_penalty", "0.5"), ("frequency_penalty", "-1"),
        ("response_format", #"{"type":"json_object"}"#), ("metadata", #"{"a":"b"}"#), ("store", "true"),
        ("reasoning_effort", #""gigantic""#),
    ]) func `what Anthropic cannot express is refused by name, or dropped`(
        field: String, value: String
    ) throws {
        let text = "{\(Self.hello),\"\(field)\":\(value)}"
        let failure = #expect(throws: UpstreamFailure.self) { try encode(text) }
        #expect(failure?.kind == .invalidRequest)
        #expect(failure?.parameter == field)
        #expect(try encode(text, drops: true) == encode("{\(Self.hello)}"))
    }

    @Test func `neutral values of what Anthropic cannot express are no reason to refuse`() throws {
        let neutral = #""n":1,"logprobs":false,"presence_penalty":0,"frequency_penalty":0.0,"seed":null"#
        #expect(try encode("{\(Self.hello),\(neutral)}") == encode("{\(Self.hello)}"))
    }

    @Test func `arguments that are no object are refused by their place`() throws {
        let failure = #expect(throws: UpstreamFailure.self) {
            try encode(
                """
                {"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[
                {"id":"c1","function":{"name":"f","arguments":"[1]"}}]}]}
                """)
        }
        #expect(failure?.parameter == "messages[1].tool_calls[0].function.arguments")
    }
}
