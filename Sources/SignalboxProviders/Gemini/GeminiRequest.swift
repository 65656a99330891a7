import SignalboxCore

/// Writes a conversation as a `GenerateContentRequest`.
struct GeminiRequest {
    let model: GeminiModel
    let unsupported: Unsupported

    /// The value of `thoughtSignature` that other gateways send for calls which do not come from the model
    /// that is asked: OpenAI's dialect has no place to keep the real one, and newer models refuse calls
    /// without. Not checked against the vendor.
    private static let foreignSignature = "skip_thought_signature_validator"

    func encode(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree {
        try refuse(conversation)
        var (system, contents) = try turns(conversation.messages)
        // A request needs a turn; the system's word alone is what the user says.
        if contents.isEmpty { (system, contents) = ([], [turn("user", system)]) }
        var request = JSONTree.object([
            "systemInstruction": system.isEmpty ? nil : .object(["parts": .array(system)]),
            "contents": .array(contents), "tools": try tools(conversation.tools),
            "toolConfig": toolConfig(conversation),
        ])
        request.merge("generationConfig", try generationConfig(conversation))
        try add(conversation.extras, to: &request)
        return request
    }

    private func refuse(_ conversation: Conversation) throws(UpstreamFailure) {
        try unsupported.field("logit_bias", ifPresent: conversation.sampling.logitBias)
        if conversation.allowsParallelToolCalls == false {
            try unsupported.field("parallel_tool_calls", because: "its models may always make several calls")
        }
    }

    // MARK: Turns

    private func turns(
        _ messages: [Conversation.Message]
    ) throws(UpstreamFailure) -> (system: [JSONTree], contents: [JSONTree]) {
        var system: [JSONTree] = []
        var contents: [JSONTree] = []
        var names = ToolNames()
        // The results of one turn's calls belong in one turn.
        var results: [JSONTree] = []
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            if message.role != .tool, !results.isEmpty {
                contents.append(turn("user", results))
                results = []
            }
            switch message.role {
            case .system: system += try parts(message, at: path)
            case .user:
                try unsupported.field("\(path).name", ifPresent: message.name)
                contents.append(turn("user", try parts(message, at: path)))
            case .assistant:
                names.note(message.toolCalls)
                contents.append(turn("model", try parts(message, at: path) + (try calls(message, at: path))))
            case .tool: results.append(try result(message, named: names.name(of: message, at: path), path))
            }
        }
        if !results.isEmpty { contents.append(turn("user", results)) }
        // A turn without parts is refused, and says nothing.
        return (system, contents.filter { $0["parts"]?.elements?.isEmpty == false })
    }

    private func turn(_ role: String, _ parts: [JSONTree]) -> JSONTree {
        .object(["role": .string(role), "parts": .array(parts)])
    }

    private func parts(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        var parts: [JSONTree] = []
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text(let text): if !text.isEmpty { parts.append(.object(["text": .string(text)])) }
            case .image, .other:
                if let part = try GeminiMedia.part(part, at: "\(path).content[\(index)]", unsupported) {
                    parts.append(part)
                }
            }
        }
        return parts
    }

    private func calls(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        var parts: [JSONTree] = []
        for (index, call) in message.toolCalls.enumerated() {
            let arguments = try call.argumentsObject(at: "\(path).tool_calls[\(index)].function.arguments")
            let isSigned = index == 0 && model.thinksByLevel
            parts.append(
                .object([
                    "functionCall": .object([
                        "id": call.id.isEmpty ? nil : .string(call.id), "name": .string(call.name),
                        "args": arguments,
                    ]), "thoughtSignature": isSigned ? .string(GeminiRequest.foreignSignature) : nil,
                ]))
        }
        return parts
    }

    /// A result must be an object: what is none becomes the `output` of one.
    private func result(
        _ message: Conversation.Message, named name: String, _ path: String
    ) throws(UpstreamFailure) -> JSONTree {
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text: break
            case .image, .other:
                try unsupported.field("\(path).content[\(index)]", because: "a tool's result is text")
            }
        }
        return .object([
            "functionResponse": .object([
                "id": message.toolCallID.map(JSONTree.string), "name": .string(name),
                "response": GeminiRequest.object(message.text),
            ])
        ])
    }

    private static func object(_ text: String) -> JSONTree {
        do throws(JSONSyntaxError) {
            let tree = try JSONTree(parsing: Array(text.utf8))
            return tree.members == nil ? .object(["output": tree]) : tree
        } catch {
            return .object(["output": .string(text)])
        }
    }

    // MARK: Tools

    private func tools(_ tools: [Conversation.Tool]) throws(UpstreamFailure) -> JSONTree? {
        var declarations: [JSONTree] = []
        for (index, tool) in tools.enumerated() {
            var parameters: JSONTree?
            if let schema = tool.parameters {
                parameters = try GeminiSchema.cleaned(schema, at: "tools[\(index)].function.parameters")
            }
            // An object of no properties is refused; a function without parameters is said by leaving them
            // out.
            if parameters?["type"] == "object", parameters?["properties"] == nil { parameters = nil }
            declarations.append(
                .object([
                    "name": .string(tool.name), "description": tool.description.map(JSONTree.string),
                    "parameters": parameters,
                ]))
        }
        guard !declarations.isEmpty else { return nil }
        return .array([.object(["functionDeclarations": .array(declarations)])])
    }

    private func toolConfig(_ conversation: Conversation) -> JSONTree? {
        let mode: JSONTree
        var allowed: JSONTree?
        switch conversation.toolChoice {
        case nil: return nil
        case .auto: mode = "AUTO"
        case .some(.none): mode = "NONE"
        case .required: mode = "ANY"
        case .function(let name): (mode, allowed) = ("ANY", .strings([name]))
        }
        return .object([
            "functionCallingConfig": .object(["mode": mode, "allowedFunctionNames": allowed])
        ])
    }

    // MARK: Generation

    private func generationConfig(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree {
        let sampling = conversation.sampling
        var config = JSONTree.object([
            "temperature": sampling.temperature, "topP": sampling.topP, "topK": sampling.topK,
            "maxOutputTokens": conversation.answerTokensMax.map(JSONTree.integer),
            "stopSequences": sampling.stop.isEmpty ? nil : .strings(sampling.stop),
            "candidateCount": sampling.count.map(JSONTree.integer), "seed": sampling.seed,
            "presencePenalty": sampling.presencePenalty, "frequencyPenalty": sampling.frequencyPenalty,
            "responseLogprobs": sampling.wantsLogProbabilities.map(JSONTree.bool),
            "logprobs": sampling.topLogProbabilities.map(JSONTree.integer),
            "thinkingConfig": try thinking(conversation.reasoningEffort),
        ])
        switch conversation.responseFormat {
        case .text: break
        case .jsonObject: config.merge("responseMimeType", "application/json")
        case .jsonSchema(_, let schema, _):
            config.merge("responseMimeType", "application/json")
            config.merge("responseJsonSchema", schema)
        }
        return config
    }

    /// The second generation thinks within a budget of tokens, whose sizes for OpenAI's words are ours;
    /// the third by levels, and never not at all. Who names an effort wants to see what came of it.
    private func thinking(_ effort: String?) throws(UpstreamFailure) -> JSONTree? {
        guard let effort else { return nil }
        if model.thinksByLevel {
            if let level = ["minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"][effort] {
                return .object(["thinkingLevel": .string(level), "includeThoughts": true])
            }
        } else if effort == "none" {
            return .object(["thinkingBudget": 0])
        } else if let budget = ["minimal": 1_024, "low": 1_024, "medium": 8_192, "high": 24_576][effort] {
            return .object(["thinkingBudget": .integer(budget), "includeThoughts": true])
        }
        try unsupported.field("reasoning_effort", because: "this model has no effort `\(effort.prefix(40))`")
        return nil
    }

    // MARK: Extras

    /// Gemini's own fields stay as they are spelled. `google`, which its OpenAI endpoint knows, is
    /// understood.
    private func add(_ extras: [JSONTree.Member], to request: inout JSONTree) throws(UpstreamFailure) {
        for extra in extras {
            if let field = OpenAIOnlyField(rawValue: extra.name) {
                if !field.isBookkeeping { try unsupported.field(extra.name) }
            } else if extra.name == "google" {
                if let thinking = extra.value["thinking_config"] {
                    request.merge("generationConfig", .object(["thinkingConfig": thinking]))
                }
                if let cached = extra.value["cached_content"] { request.merge("cachedContent", cached) }
            } else {
                let camel = ["generation_config": "generationConfig", "tool_config": "toolConfig"]
                request.merge(camel[extra.name] ?? extra.name, extra.value)
            }
        }
    }
}

extension JSONTree {
    /// Adds a member. Of two objects of that name their members are merged one level deep; of two other
    /// values the new one stays.
    fileprivate mutating func merge(_ name: String, _ value: JSONTree) {
        guard case .object(var members) = self else { return }
        if value.members?.isEmpty == true, self[name] == nil { return }
        if let index = members.firstIndex(where: { $0.name == name }) {
            if members[index].value.members != nil, let added = value.members {
                for member in added { members[index].value.replace(member) }
            } else {
                members[index].value = value
            }
        } else {
            members.append(Member(name, value))
        }
        self = .object(members)
    }

    private mutating func replace(_ member: Member) {
        guard case .object(var members) = self else { return }
        members.removeAll { $0.name == member.name }
        self = .object(members + [member])
    }
}
