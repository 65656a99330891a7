package import SignalboxCore

/// What the suite asks, in OpenAI's dialect.
package struct ConformanceCall {
    package var model: FakeModel
    var messages: JSONTree
    var more: [JSONTree.Member] = []
    package var isStreaming = false
    /// Nil leaves `stream_options` out.
    var wantsUsage: Bool? = true

    package static func text(_ model: FakeModel = .ok, isStreaming: Bool = false) -> ConformanceCall {
        ConformanceCall(
            model: model,
            messages: .array([
                message("system", "Answer in few words."), message("user", "Grüße, \"Welt\" 👋"),
            ]), isStreaming: isStreaming)
    }

    /// As short as can be: splitting its stream at every byte takes its time.
    static func short(_ model: FakeModel) -> ConformanceCall {
        ConformanceCall(model: model, messages: .array([message("user", "né")]), isStreaming: true)
    }

    package static func tools(isStreaming: Bool) -> ConformanceCall {
        var call = ConformanceCall(
            model: .tools, messages: .array([message("user", "What is the weather in Łódź?")]),
            isStreaming: isStreaming)
        call.more = [JSONTree.Member("tools", .array([tool("weather"), tool("time_of_day")]))]
        return call
    }

    /// The round behind the tool calls: their results are there.
    package static func results(isStreaming: Bool) -> ConformanceCall {
        var call = tools(isStreaming: isStreaming)
        let calls = ["weather", "time_of_day"].map { name in
            JSONTree.object([
                "id": .string("call_of_\(name)"), "type": "function",
                "function": .object(["name": .string(name), "arguments": #"{"place":"Łódź"}"#]),
            ])
        }
        call.messages = .array([
            message("user", "What is the weather in Łódź?"),
            .object(["role": "assistant", "content": .null, "tool_calls": .array(calls)]),
            .object(["role": "tool", "tool_call_id": "call_of_weather", "content": "rain"]),
            .object(["role": "tool", "tool_call_id": "call_of_time_of_day", "content": "noon"]),
        ])
        return call
    }

    package static func image(_ url: String) -> ConformanceCall {
        let parts: JSONTree = .array([
            .object(["type": "text", "text": "What is this?"]),
            .object(["type": "image_url", "image_url": .object(["url": .string(url)])]),
        ])
        return ConformanceCall(
            model: .ok, messages: .array([.object(["role": "user", "content": parts])]))
    }

    package static var jsonObject: ConformanceCall {
        var call = text()
        call.more = [JSONTree.Member("response_format", .object(["type": "json_object"]))]
        return call
    }

    /// The caller's bytes. The model is the name of a route: the adapter must put the vendor's own there.
    package func made() throws(UpstreamFailure) -> ChatCall {
        var members = [JSONTree.Member("model", "a-route"), JSONTree.Member("messages", messages)] + more
        if isStreaming {
            members.append(JSONTree.Member("stream", true))
            if let wantsUsage {
                members.append(
                    JSONTree.Member("stream_options", .object(["include_usage": .bool(wantsUsage)])))
            }
        }
        return try ConformanceCall.call(JSONTree.object(members))
    }

    package static func embeddings(of texts: [String]) throws(UpstreamFailure) -> ChatCall {
        try call(.object(["model": "a-route", "input": .strings(texts)]), operation: .embeddings)
    }

    /// What JSONTree writes is JSON; were it not, the suite would say so like any refusal.
    private static func call(
        _ body: JSONTree, operation: CallOperation? = nil
    ) throws(UpstreamFailure) -> ChatCall {
        do throws(JSONSyntaxError) { return try ChatCall(text: body.text, operation: operation) } catch {
            throw .refused("messages", "the suite's own request is no JSON: \(error)")
        }
    }

    private static func message(_ role: String, _ text: String) -> JSONTree {
        .object(["role": .string(role), "content": .string(text)])
    }

    private static func tool(_ name: String) -> JSONTree {
        let properties = JSONTree.object([
            "place": .object(["type": "string"]), "days": .object(["type": "integer"]),
        ])
        let parameters = JSONTree.object([
            "type": "object", "properties": properties, "required": .strings(["place"]),
        ])
        return .object([
            "type": "function",
            "function": .object([
                "name": .string(name), "description": .string("Tells the \(name)."),
                "parameters": parameters,
            ]),
        ])
    }
}
