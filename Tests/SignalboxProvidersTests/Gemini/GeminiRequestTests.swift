import SignalboxCore
import SignalboxProviders
import SignalboxTesting
import Testing

@Suite struct GeminiRequestTests {
    static let base = "https://generativelanguage.googleapis.com/v1beta/"

    private func encode(
        _ text: String, model: String = "gemini-2.5-flash", drops: Bool = false,
        _ operation: CallOperation? = nil
    ) throws -> JSONTree {
        let adapter = GeminiAdapter(baseURL: Self.base, dropsUnsupported: drops)
        return try JSONTree(
            parsing: try adapter.encode(try ChatCall(text: text, operation: operation), model: model))
    }

    private func refused(_ text: String, model: String = "gemini-2.5-flash") -> String? {
        do {
            _ = try encode(text, model: model)
            return nil
        } catch let failure as UpstreamFailure {
            return failure.kind == .invalidRequest && failure.status == 400 ? failure.parameter : "?"
        } catch {
            return "\(error)"
        }
    }

    private static let hello = #""messages":[{"role":"user","content":"hi"}]"#

    private func tree(_ text: String) throws -> JSONTree { try JSONTree(parsing: Array(text.utf8)) }

    @Test(
        arguments: [
            (.chat, "gemini-2.5-flash", "models/gemini-2.5-flash:generateContent"),
            (.chatStream, "models/gemma-3", "models/gemma-3:streamGenerateContent?alt=sse"),
            (.embeddings, "gemini-embedding-001", "models/gemini-embedding-001:batchEmbedContents"),
            (.chat, "tunedModels/a b?", "tunedModels/a%20b%3f:generateContent"),
        ] as [(CallOperation, String, String)]) func `each operation has its method at the model's address`(
            operation: CallOperation, model: String, path: String
        ) throws
    {
        let adapter = GeminiAdapter(baseURL: Self.base)
        guard case .http(let url, let headers)? = adapter.target(operation, model: model, key: Secret("k1"))
        else {
            Issue.record("expected a network target")
            return
        }
        #expect(url == Self.base + path)
        #expect(headers.map(\.name) == ["content-type", "x-goog-api-key"])
        #expect(headers.last?.value.reveal() == "k1")
        guard case .http(_, let open)? = adapter.target(operation, model: model, key: nil) else { return }
        #expect(open.map(\.name) == ["content-type"])
    }

    @Test func `a conversation becomes a system instruction and turns of user and model`() throws {
        let sent = try encode(
            #"{"model":"chat","messages":[{"role":"system","content":"be brief"},"#
                + #"{"role":"user","content":"a"},"#
                + #"{"role":"assistant","content":""},{"role":"assistant","content":"b"},"#
                + #"{"role":"developer","content":"more"},{"role":"user","content":"c"}]}"#)
        #expect(
            try sent
                == tree(
                    #"{"systemInstruction":{"parts":[{"text":"be brief"},{"text":"more"}]},"contents":["#
                        + #"{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]},"#
                        + #"{"role":"user","parts":[{"text":"c"}]}]}"#))
        let alone = try encode(#"{"messages":[{"role":"system","content":"x"}]}"#)
        #expect(try alone == tree(#"{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"#))
    }

    private static let toolRound =
        #"{"messages":[{"role":"user","content":"weather?"},{"role":"assistant","content":null,"#
        + #""tool_calls":[{"id":"c1","type":"function","function":{"name":"at","arguments":"{\"p\":1.0}"}},"#
        + #"{"id":"c2","type":"function","function":{"name":"now","arguments":""}}]},"#
        + #"{"role":"tool","tool_call_id":"c2","content":"noon"},"#
        + #"{"role":"tool","tool_call_id":"c1","content":"{\"t\": 20}"},{"role":"user","content":"so?"}]}"#

    @Test func `tool results are matched to their calls' names and share one turn`() throws {
        let contents = try #require(try encode(Self.toolRound)["contents"]?.elements)
        #expect(
            try contents[1]
                == tree(
                    #"{"role":"model","parts":[{"functionCall":{"id":"c1","name":"at","args":{"p":1.0}}},"#
                        + #"{"functionCall":{"id":"c2","name":"now","args":{}}}]}"#))
        #expect(
            try contents[2]
                == tree(
                    #"{"role":"user","parts":["#
                        + #"{"functionResponse":{"id":"c2","name":"now","response":{"output":"noon"}}},"#
                        + #"{"functionResponse":{"id":"c1","name":"at","response":{"t":20}}}]}"#))
        #expect(contents.count == 4)
    }

    @Test func `calls in a history are signed for the models that demand it, the first of each turn`() throws
    {
        let parts = try encode(Self.toolRound, model: "gemini-3-pro-preview")["contents"]?.elements?[1][
            "parts"]
        #expect(
            parts?.elements?.map { $0["thoughtSignature"]?.string } == [
                "skip_thought_signature_validator", nil,
            ])
    }

    @Test func `images come inline or by address, audio and files inline`() throws {
        let parts = try encode(
            #"{"messages":[{"role":"user","content":["#
                + #"{"type":"image_url","image_url":{"url":"data:image/webp;base64,AAAA"}},"#
                + #"{"type":"image_url","#
                + #""image_url":{"url":"https://e.com/a/cat.JPG?x=.png","#
                + #""detail":"low"}},"#
                + #"{"type":"image_url","#
                + #""image_url":"https://generativelanguage.googleapis.com/v1beta/files/f1"},"#
                + #"{"type":"input_audio","input_audio":{"data":"BBBB","format":"wav"}},"#
                + #"{"type":"file","file":{"filename":"a.pdf","#
                + #""file_data":"data:application/pdf;base64,CC"}}]}]}"#
        )["contents"]?.elements?.first?["parts"]
        let file = "https://generativelanguage.googleapis.com/v1beta/files/f1"
        #expect(
            try parts
                == tree(
                    #"[{"inlineData":{"mimeType":"image/webp","data":"AAAA"}},"#
                        + #"{"fileData":{"mimeType":"image/jpeg","#
                        + #""fileUri":"https://e.com/a/cat.JPG?x=.png"}},"#
                        + #"{"fileData":{"fileUri":"\#(file)"}},"#
                        + #"{"inlineData":{"mimeType":"audio/wav","data":"BBBB"}},"#
                        + #"{"inlineData":{"mimeType":"application/pdf","data":"CC"}}]"#))
    }

    @Test func `sampling, formats and choices have their places`() throws {
        let sent = try encode(
            #"{\#(Self.hello),"temperature":0.20,"top_p":1,"top_k":5,"#
                + #""max_tokens":9,"stop":"x","n":2,"seed":4,"#
                + #""presence_penalty":1,"frequency_penalty":-1,"logprobs":true,"top_logprobs":3,"#
                + #""response_format":{"type":"json_schema","json_schema":{"schema":{"$ref":"a"}}},"#
                + #""tools":[{"type":"function","function":{"name":"f"}}],"#
                + #""tool_choice":{"type":"function","function":{"name":"f"}},"user":"u","store":true}"#)
        #expect(
            try sent["generationConfig"]
                == tree(
                    #"{"temperature":0.20,"topP":1,"topK":5,"maxOutputTokens":9,"stopSequences":["x"],"#
                        + #""candidateCount":2,"seed":4,"presencePenalty":1,"frequencyPenalty":-1,"#
                        + #""responseLogprobs":true,"logprobs":3,"responseMimeType":"application/json","#
                        + #""responseJsonSchema":{"$ref":"a"}}"#))
        #expect(
            try sent["toolConfig"]
                == tree(#"{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}}"#))
        #expect(sent["user"] == nil && sent["store"] == nil)
        for (choice, mode) in [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")] {
            let config = try encode(#"{\#(Self.hello),"tool_choice":"\#(choice)"}"#)["toolConfig"]
            #expect(config?["functionCallingConfig"]?["mode"]?.string == mode)
        }
        let json = try encode(#"{\#(Self.hello),"response_format":{"type":"json_object"}}"#)
        #expect(try json["generationConfig"] == tree(#"{"responseMimeType":"application/json"}"#))
    }

    @Test(
        arguments: [
            ("gemini-2.5-pro", "none", #"{"thinkingBudget":0}"#),
            ("gemini-2.5-pro", "minimal", #"{"thinkingBudget":1024,"includeThoughts":true}"#),
            ("gemini-2.5-pro", "low", #"{"thinkingBudget":1024,"includeThoughts":true}"#),
            ("gemini-2.5-pro", "medium", #"{"thinkingBudget":8192,"includeThoughts":true}"#),
            ("gemini-2.5-pro", "high", #"{"thinkingBudget":24576,"includeThoughts":true}"#),
            ("gemini-3-flash-preview", "low", #"{"thinkingLevel":"LOW","includeThoughts":true}"#),
            ("models/gemini-3.5-pro", "high", #"{"thinkingLevel":"HIGH","includeThoughts":true}"#),
            ("gemini-3-pro", "none", nil), ("gemini-2.5-pro", "xhigh", nil),
        ] as [(String, String, String?)]) func `an effort is a budget or a level, by the model's generation`(
            model: String, effort: String, config: String?
        ) throws
    {
        let text = #"{\#(Self.hello),"reasoning_effort":"\#(effort)"}"#
        guard let config else {
            #expect(refused(text, model: model) == "reasoning_effort")
            #expect(try encode(text, model: model, drops: true)["generationConfig"] == nil)
            return
        }
        #expect(
            try encode(text, model: model)["generationConfig"]?["thinkingConfig"] == tree(config))
    }

    @Test func `Gemini's own fields pass, and join what we write`() throws {
        let sent = try encode(
            #"{\#(Self.hello),"temperature":1,"safetySettings":[{"category":"C","threshold":"T"}],"#
                + #""cachedContent":"cachedContents/1","generationConfig":{"topK":3,"temperature":0},"#
                + #""google":{"thinking_config":{"thinking_budget":7}},"tool_choice":"auto","#
                + #""tool_config":{"retrievalConfig":{}}}"#)
        #expect(
            try sent["generationConfig"]
                == tree(#"{"topK":3,"temperature":0,"thinkingConfig":{"thinking_budget":7}}"#))
        #expect(sent["cachedContent"] == "cachedContents/1")
        #expect(try sent["safetySettings"] == tree(#"[{"category":"C","threshold":"T"}]"#))
        #expect(
            try sent["toolConfig"]
                == tree(#"{"functionCallingConfig":{"mode":"AUTO"},"retrievalConfig":{}}"#))
    }

    @Test(
        arguments: [
            (#"{\#(hello),"logit_bias":{"1":2}}"#, "logit_bias"),
            (#"{\#(hello),"parallel_tool_calls":false}"#, "parallel_tool_calls"),
            (#"{\#(hello),"modalities":["audio"]}"#, "modalities"),
            (#"{"messages":[{"role":"user","name":"bob","content":"hi"}]}"#, "messages[0].name"),
            (
                #"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},"#
                    + #"{"type":"image_url","image_url":{"url":"http://e.com/a.png"}}]}]}"#,
                "messages[0].content[1].image_url.url"
            ),
            (
                #"{"messages":[{"role":"user","content":[{"type":"text","text":"x"},"#
                    + #"{"type":"file","file":{"file_id":"f-1"}}]}]}"#,
                "messages[0].content[1].file"
            ),
        ]) func `what Gemini cannot express is refused by name, or dropped`(text: String, field: String)
        throws
    {
        #expect(refused(text) == field)
        let contents = try encode(text, drops: true)["contents"]?.elements
        #expect(contents?.first?["parts"]?.elements?.count == 1)
    }

    @Test(arguments: [
        (
            #"{"messages":[{"role":"tool","tool_call_id":"nobody","content":"x"}]}"#,
            "messages[0].tool_call_id"
        ),
        (
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","#
                + #""arguments":"[1"}}]}]}"#,
            "messages[0].tool_calls[0].function.arguments"
        ),
        (
            #"{"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","#
                + #""arguments":"7"}}]}]}"#,
            "messages[0].tool_calls[0].function.arguments"
        ),
    ]) func `a request that is wrong is refused even where fields are dropped`(text: String, field: String) {
        #expect(refused(text) == field)
    }

    @Test func `embeddings are a request for each text`() throws {
        let sent = try encode(
            #"{"model":"e","input":["a","b"],"dimensions":3,"taskType":"SEMANTIC_SIMILARITY","user":"u"}"#,
            model: "gemini-embedding-001", .embeddings)
        let rest =
            #""outputDimensionality":3,"taskType":"SEMANTIC_SIMILARITY"}"#
        #expect(
            try sent
                == tree(
                    #"{"requests":[{"model":"models/gemini-embedding-001","#
                        + #""content":{"parts":[{"text":"a"}]},"#
                        + rest
                        + #",{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]},"#
                        + rest + "]}"))
    }
}
