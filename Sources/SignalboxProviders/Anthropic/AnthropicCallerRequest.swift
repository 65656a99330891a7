import SignalboxCore

/// Translates a caller's request to OpenAI's dialect. What OpenAI has nothing for is left out and remembered:
/// it matters only where the request goes to somebody who does not speak Anthropic's.
struct AnthropicCallerRequest {
    private(set) var untranslated: UpstreamFailure?
    private var members: [JSONTree.Member] = []

    mutating func translate(
        _ fields: JSONFields, isStreaming: Bool
    ) throws(UpstreamFailure) -> [UInt8] {
        let asked: JSONTree
        do throws(JSONSyntaxError) {
            asked = try JSONTree(parsing: fields.bytes, in: fields.range)
        } catch {
            throw .refused("messages", "The request is nested too deeply.")
        }
        add("model", asked["model"])
        var messages = AnthropicCallerMessages()
        try messages.system(asked["system"])
        guard let turns = asked["messages"]?.elements, !turns.isEmpty else {
            throw .refused("messages", "`messages` must be a list of at least one message.")
        }
        for (index, turn) in turns.enumerated() { try messages.add(turn, at: "messages[\(index)]") }
        untranslated = messages.untranslated
        add("messages", .array(messages.written))
        guard let limit = asked["max_tokens"]?.integer, limit > 0 else {
            throw .refused("max_tokens", "`max_tokens` must be a whole number from 1.")
        }
        add("max_tokens", .integer(limit))
        try tools(asked)
        output(asked)
        for member in asked.members ?? [] where !member.value.isNull { carry(member) }
        if isStreaming {
            add("stream", true)
            add("stream_options", .object(["include_usage": true]))
        }
        return JSONTree.object(members).json
    }

    private mutating func add(_ name: String, _ value: JSONTree?) {
        if let value { members.append(JSONTree.Member(name, value)) }
    }

    private mutating func leaveOut(_ field: String) {
        if untranslated == nil { untranslated = AnthropicCallerRequest.refusal(of: field) }
    }

    static func refusal(of field: String) -> UpstreamFailure {
        .refused(
            field,
            "Only Anthropic has `\(field)`, and this provider is another. Leave it out, or set "
                + "drop_unsupported: true.")
    }

    // MARK: Fields

    private mutating func carry(_ member: JSONTree.Member) {
        switch member.name {
        case "model", "messages", "max_tokens", "system", "tools", "tool_choice", "stream", "output_config",
            "output_format", "thinking":
            break
        case "temperature", "top_p", "top_k": add(member.name, member.value)
        case "stop_sequences": add("stop", member.value)
        case "metadata": add("user", member.value["user_id"].flatMap { $0.isNull ? nil : $0 })
        // How it is served and cached, not what it says.
        case "cache_control", "service_tier", "diagnostics", "inference_geo", "speed", "user_profile_id",
            "workspace_id":
            break
        default: leaveOut(member.name)
        }
    }

    /// The form of the answer, and how much thought goes into it.
    private mutating func output(_ asked: JSONTree) {
        let config = asked["output_config"]
        if let format = config?["format"] ?? asked["output_format"], !format.isNull {
            if format["type"] == "json_schema", let schema = format["schema"] {
                let named = JSONTree.object(["name": "answer", "schema": schema, "strict": true])
                add("response_format", .object(["type": "json_schema", "json_schema": named]))
            } else {
                leaveOut("output_config.format")
            }
        }
        let thinking = asked["thinking"]
        let effort = config?["effort"]?.string
        guard thinking?["type"] != "disabled" else { return }
        if let effort {
            add("reasoning_effort", .string(["xhigh", "max"].contains(effort) ? "high" : effort))
        } else if let budget = thinking?["budget_tokens"]?.integer {
            add("reasoning_effort", .string(budget <= 2_048 ? "low" : budget <= 8_192 ? "medium" : "high"))
        }
    }

    private mutating func tools(_ asked: JSONTree) throws(UpstreamFailure) {
        var tools: [JSONTree] = []
        for (index, tool) in (asked["tools"]?.elements ?? []).enumerated() {
            if let type = tool["type"], !type.isNull, type != "custom" {
                // One that Anthropic's servers run.
                leaveOut("tools[\(index)]")
                continue
            }
            guard let name = tool["name"]?.string else {
                throw .refused("tools[\(index)].name", "`tools[\(index)]` has no `name`.")
            }
            let function = JSONTree.object([
                "name": .string(name), "description": tool["description"],
                "parameters": tool["input_schema"], "strict": tool["strict"],
            ])
            tools.append(.object(["type": "function", "function": function]))
        }
        guard !tools.isEmpty else { return }
        add("tools", .array(tools))
        guard let choice = asked["tool_choice"], !choice.isNull else { return }
        switch choice["type"]?.string {
        case "auto": add("tool_choice", "auto")
        case "none": add("tool_choice", "none")
        case "any": add("tool_choice", "required")
        case "tool":
            let name = JSONTree.object(["name": choice["name"] ?? ""])
            add("tool_choice", .object(["type": "function", "function": name]))
        default:
            throw .refused("tool_choice.type", "`tool_choice.type` must be auto, any, tool or none.")
        }
        if choice["disable_parallel_tool_use"]?.bool == true { add("parallel_tool_calls", false) }
    }
}
