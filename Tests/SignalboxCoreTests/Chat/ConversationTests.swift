import SignalboxCore
import SignalboxTesting
import Testing

@Suite struct ConversationTests {
    private func read(_ fields: String, messages: String = #"[{"role":"user","content":"x"}]"#) throws
        -> Conversation
    {
        let comma = fields.isEmpty ? "" : ","
        return try Conversation(
            reading: try ChatCall(text: #"{"model":"m","messages":\#(messages)\#(comma)\#(fields)}"#))
    }

    @Test func `every field is found`() throws {
        let read = try read(
            #"""
            "tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"a":1},
             "strict":true}}],
            "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,
            "response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"b":2},
             "strict":false}},
            "max_tokens":1,"max_completion_tokens":2,"reasoning_effort":"low","user":"u","temperature":0.10,
            "top_p":0.9,"top_k":5,"presence_penalty":1,"frequency_penalty":-1,"seed":7,"stop":["a","b"],"n":2,
            "logprobs":true,"top_logprobs":3,"logit_bias":{"1":2},"num_gpu":1,"store":null
            """#)
        #expect(read.tools.first?.name == "f" && read.tools.first?.description == "d")
        #expect(read.tools.first?.isStrict == true && read.tools.first?.parameters == .object(["a": 1]))
        #expect(read.toolChoice == .function("f") && read.allowsParallelToolCalls == false)
        #expect(
            read.responseFormat == .jsonSchema(name: "s", schema: .object(["b": 2]), isStrict: false))
        #expect(read.answerTokensMax == 2 && read.reasoningEffort == "low" && read.user == "u")
        let sampling = read.sampling
        #expect(sampling.temperature == .number("0.10") && sampling.topP == .number("0.9"))
        #expect(sampling.topK == 5 && sampling.presencePenalty == 1 && sampling.frequencyPenalty == -1)
        #expect(sampling.seed == 7 && sampling.stop == ["a", "b"] && sampling.count == 2)
        #expect(sampling.wantsLogProbabilities == true && sampling.topLogProbabilities == 3)
        #expect(sampling.logitBias == .object(["1": 2]))
        #expect(read.extras == [JSONTree.Member("num_gpu", 1)])
    }

    @Test func `every kind of message and part is found`() throws {
        let read = try read(
            "",
            messages: #"""
                [{"role":"developer","content":"s","name":"n"},
                 {"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{}},
                  {"type":"image_url","image_url":{"url":"https://x/y","detail":"low"}},
                  {"type":"image_url","image_url":{"url":"data:image/png;charset=x;base64,aGk="}}]},
                 {"role":"assistant","content":null,"reasoning_content":"hm",
                  "tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{"}}]},
                 {"role":"tool","tool_call_id":"c","content":"r"}]
                """#)
        #expect(read.messages.map(\.role) == [.system, .user, .assistant, .tool])
        #expect(read.messages[0].name == "n" && read.messages[1].text == "a")
        #expect(read.messages[1].content[2] == .image(.init(.url("https://x/y"), detail: "low")))
        #expect(
            read.messages[1].content[3]
                == .image(.init(.inline(mediaType: "image/png", base64: "aGk="))))
        #expect(read.messages[2].toolCalls == [.init(id: "c", name: "f", arguments: "{")])
        #expect(read.messages[2].reasoning == "hm" && read.messages[3].toolCallID == "c")
    }

    @Test(arguments: [
        (#""n":-1"#, "n"), (#""n":1.5"#, "n"), (#""max_tokens":"x""#, "max_tokens"),
        (#""temperature":"hot""#, "temperature"), (#""top_p":[]"#, "top_p"), (#""stop":1"#, "stop"),
        (#""stop":["a",1]"#, "stop"), (#""tools":{}"#, "tools"), (#""tools":[{}]"#, "tools[0]"),
        (#""tool_choice":"some""#, "tool_choice"), (#""response_format":{}"#, "response_format.type"),
        (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
        (#""top_logprobs":-2"#, "top_logprobs"),
    ])
    func `a wrong field is refused by its name`(fields: String, parameter: String) {
        let failure = #expect(throws: UpstreamFailure.self) { try read(fields) }
        #expect(failure?.parameter == parameter && failure?.kind == .invalidRequest)
        #expect(failure?.status == 400)
    }

    @Test(arguments: [
        ("[]", "messages"), ("{}", "messages"), ("[1]", "messages[0].role"),
        (#"[{"role":"king"}]"#, "messages[0].role"),
        (#"[{"role":"user","content":7}]"#, "messages[0].content"),
        (#"[{"role":"user","content":[{}]}]"#, "messages[0].content[0].type"),
        (#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
        (#"[{"role":"user","content":[{"type":"image_url"}]}]"#, "messages[0].content[0].image_url"),
        (
            #"[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x,y"}}]}]"#,
            "messages[0].content[0].image_url.url"
        ),
        (#"[{"role":"assistant","tool_calls":[{}]}]"#, "messages[0].tool_calls[0]"),
    ])
    func `a wrong message is refused by its place`(messages: String, parameter: String) {
        let failure = #expect(throws: UpstreamFailure.self) { try read("", messages: messages) }
        #expect(failure?.parameter == parameter)
    }
}
