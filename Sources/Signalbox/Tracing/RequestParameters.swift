import SignalboxCore
import SignalboxTelemetry

extension ChatCall {
    /// What the caller asked of the model, as the GenAI conventions (v1.41) name it. Stop sequences are left
    /// out: they are text of the caller's.
    var parameterAttributes: [SpanRecord.Attribute] {
        var attributes: [SpanRecord.Attribute] = []
        func add(_ key: String, _ value: AttributeValue?) {
            if let value { attributes.append(SpanRecord.Attribute(key, value)) }
        }
        add("gen_ai.request.max_tokens", whole("max_completion_tokens") ?? whole("max_tokens"))
        add("gen_ai.request.temperature", number("temperature"))
        add("gen_ai.request.top_p", number("top_p"))
        add("gen_ai.request.top_k", whole("top_k"))
        add("gen_ai.request.frequency_penalty", number("frequency_penalty"))
        add("gen_ai.request.presence_penalty", number("presence_penalty"))
        add("gen_ai.request.seed", whole("seed"))
        if fields.integer("n") != 1 { add("gen_ai.request.choice.count", whole("n")) }
        switch fields.object("response_format")?.string("type") {
        case "json_object", "json_schema": add("gen_ai.output.type", "json")
        case "text": add("gen_ai.output.type", "text")
        default: break  // none asked for, or none that the conventions know
        }
        return attributes
    }

    private func whole(_ name: StaticString) -> AttributeValue? {
        fields.integer(name).map { .int(Int64($0)) }
    }

    private func number(_ name: StaticString) -> AttributeValue? {
        guard let value = fields[name], value.kind == .number else { return nil }
        return Double(String(decoding: body[value.range], as: UTF8.self)).map { .double($0) }
    }
}
