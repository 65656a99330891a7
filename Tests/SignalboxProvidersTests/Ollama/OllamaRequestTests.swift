import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct OllamaRequestTests {
    private func encode(
        _ text: String, drops: Bool = false, _ operation: CallOperation? = nil
    ) throws -> JSONTree {
        let adapter = OllamaAdapter(baseURL: "http://localhost:11434/", dropsUnsupported: drops)
        return try JSONTree(
            parsing: try adapter.encode(try ChatCall(text: text, operation: operation), model: "llama3"))
    }

    private static let hello = #""messages":[{"role":"user","content":"hi"}]"#

    private func tree(_ text: String) throws -> JSONTree { try JSONTree(parsing: Array(text.utf8)) }

    @Test func `a call goes to the chat path, with a bearer only where there is a key`() throws {
        let adapter = OllamaAdapter(baseURL: "http://localhost:11434/")
        #expect(adapter.framing == .jsonLines)
        for (operation, path) in [
            (CallOperation.chat, "/api/chat"), (.chatStream, "/api/chat"), (.embeddings, "/api/embed"),
        ] {
            guard case .http(let url, let headers)? = adapter.target(operation, model: "m", key: nil) else {
                Issue.record("expected a network target")
                continue
            }
            #expect(url == "http://localhost:11434" + path)
            #expect(headers.map(\.name) == ["content-type"])
        }
        guard case .http(_, let cloud)? = adapter.target(.chat, model: "m", key: Secret("k1")) else { return }
        #expect(cloud.last?.value.reveal() == "Bearer k1")
    }

    @Test func `messages carry images, calls and results in Ollama's places`() throws {
        let sent = try encode(
            #"{"messages":[{"role":"developer","content":"s"},{"role":"user","#
                + #""content":[{"type":"text","text":"a"},"#
                + #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},"#
                + #"{"role":"assistant","reasoning_content":"hm","tool_calls":[{"id":"c1","type":"function","#
                + #""function":{"name":"at","arguments":"{\"p\":1}"}}]},"#
                + #"{"role":"tool","tool_call_id":"c1","content":"rain"}]}"#)
        #expect(
            try sent
                == tree(
                    #"{"model":"llama3","messages":[{"role":"system","content":"s"},"#
                        + #"{"role":"user","content":"a","images":["AAAA"]},"#
                        + #"{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1","#
                        + #""function":{"name":"at","arguments":{"p":1}}}]},"#
                        + #"{"role":"tool","content":"rain","tool_name":"at","tool_call_id":"c1"}],"#
                        + #""stream":false}"#))
    }

    @Test func `it is told whether to stream, as it would otherwise`() throws {
        #expect(try encode("{\(Self.hello)}")["stream"] == false)
        #expect(try encode(#"{\#(Self.hello),"stream":true}"#)["stream"] == true)
    }

    @Test func `sampling and what concerns the machine go under options`() throws {
        let sent = try encode(
            #"{\#(Self.hello),"temperature":0.20,"top_p":1,"top_k":5,"seed":3,"stop":["x"],"max_tokens":9,"#
                + #""presence_penalty":1,"frequency_penalty":2,"num_gpu":1,"num_thread":4,"num_ctx":8192,"#
                + #""options":{"top_k":7,"new_one":true},"keep_alive":"10m","truncate":false,"user":"u","#
                + #""metadata":{}}"#)
        #expect(
            try sent["options"]
                == tree(
                    #"{"temperature":0.20,"top_p":1,"seed":3,"stop":["x"],"num_predict":9,"#
                        + #""presence_penalty":1,"frequency_penalty":2,"num_gpu":1,"num_thread":4,"#
                        + #""num_ctx":8192,"top_k":7,"new_one":true}"#))
        #expect(sent["keep_alive"] == "10m" && sent["truncate"] == false)
        #expect(sent["user"] == nil && sent["metadata"] == nil)
        #expect(try encode("{\(Self.hello)}")["options"] == nil)
    }

    @Test func `formats, log probabilities and tools are asked for`() throws {
        let tool =
            #"[{"type":"function","function":{"name":"f","description":"d","parameters":{"$ref":"a"}}}]"#
        let sent = try encode(
            #"{\#(Self.hello),"tools":\#(tool),"tool_choice":"auto","logprobs":true,"top_logprobs":2,"#
                + #""response_format":{"type":"json_schema","json_schema":{"schema":{"type":"object"}}}}"#)
        #expect(try sent["tools"] == tree(tool))
        #expect(try sent["format"] == tree(#"{"type":"object"}"#))
        #expect(sent["logprobs"] == true && sent["top_logprobs"] == 2)
        #expect(try encode(#"{\#(Self.hello),"response_format":{"type":"json_object"}}"#)["format"] == "json")
        #expect(try encode(#"{\#(Self.hello),"tools":\#(tool),"tool_choice":"none"}"#)["tools"] == nil)
    }

    @Test(arguments: [
        ("none", "false"), ("minimal", #""low""#), ("low", #""low""#), ("medium", #""medium""#),
        ("high", #""high""#),
    ]) func `an effort is a level of thinking`(effort: String, think: String) throws {
        #expect(try encode(#"{\#(Self.hello),"reasoning_effort":"\#(effort)"}"#)["think"]?.text == think)
        let own = try encode(#"{\#(Self.hello),"reasoning_effort":"\#(effort)","think":true}"#)
        #expect(own.members?.filter { $0.name == "think" }.map(\.value) == [true])
    }

    @Test(
        arguments: [
            (#"{\#(hello),"logit_bias":{"1":2}}"#, "logit_bias"), (#"{\#(hello),"n":2}"#, "n"),
            (#"{\#(hello),"parallel_tool_calls":false}"#, "parallel_tool_calls"),
            (#"{\#(hello),"tool_choice":"required"}"#, "tool_choice"),
            (#"{\#(hello),"reasoning_effort":"xhigh"}"#, "reasoning_effort"),
            (#"{\#(hello),"modalities":["audio"]}"#, "modalities"),
            (#"{"messages":[{"role":"user","name":"bob","content":"hi"}]}"#, "messages[0].name"),
            (
                #"{"messages":[{"role":"user","content":[{"type":"image_url","#
                    + #""image_url":"https://e.com/a.png"}]}]}"#,
                "messages[0].content[0].image_url.url"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}"#,
                "messages[0].content[0].input_audio"
            ),
        ]) func `what Ollama cannot express is refused by name, or dropped`(text: String, field: String)
        throws
    {
        let failure = #expect(throws: UpstreamFailure.self) { try encode(text) }
        #expect(failure?.parameter == field && failure?.kind == .invalidRequest && failure?.status == 400)
        #expect(try encode(text, drops: true)["messages"]?.elements?.count == 1)
    }

    @Test func `embeddings are asked for in one list`() throws {
        let sent = try encode(
            #"{"model":"e","input":"a","dimensions":3,"keep_alive":0,"encoding_format":"base64"}"#,
            .embeddings)
        #expect(
            try sent == tree(#"{"model":"llama3","input":["a"],"dimensions":3,"keep_alive":0}"#))
        #expect(throws: UpstreamFailure.self) { try encode(#"{"input":[1,2]}"#, .embeddings) }
    }
}
