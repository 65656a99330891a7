import SignalboxCore

/// Writes a conversation as GigaChat reads it: tools are functions, of which a turn calls one.
struct GigaChatRequest {
    let model: String
    let isStreaming: Bool
    let unsupported: Unsupported

    /// GigaChat's own, which callers may write beside the rest.
    private static let options: Set<String> = [
        "repetition_penalty", "update_interval", "profanity_check", "flags", "storage", "function_ranker",
        "additional_fields",
    ]

    func encode(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree {
        try refuse(conversation)
        var extras: [JSONTree.Member] = []
        for extra in conversation.extras {
            if GigaChatRequest.options.contains(extra.name) {
                extras.append(extra)
            } else if OpenAIOnlyField(rawValue: extra.name)?.isBookkeeping != true {
                try unsupported.field(extra.name)
            }
        }
        let sampling = conversation.sampling
        let request = JSONTree.object([
            "model": .string(model), "messages": .array(try messages(conversation.messages)),
            "stream": isStreaming ? true : nil, "temperature": sampling.temperature,
            "top_p": sampling.topP, "max_tokens": conversation.answerTokensMax.map(JSONTree.integer),
            "functions": functions(conversation), "function_call": try choice(conversation),
            "response_format": try format(conversation.responseFormat),
            "reasoning_effort": try effort(conversation.reasoningEffort),
        ])
        return .object((request.members ?? []) + extras)
    }

    private func refuse(_ conversation: Conversation) throws(UpstreamFailure) {
        let sampling = conversation.sampling
        try unsupported.field("top_k", ifPresent: sampling.topK)
        try unsupported.field("seed", ifPresent: sampling.seed)
        try unsupported.field("presence_penalty", ifPresent: sampling.presencePenalty)
        try unsupported.field(
            "frequency_penalty", ifPresent: sampling.frequencyPenalty, because: "it has repetition_penalty")
        try unsupported.field("logit_bias", ifPresent: sampling.logitBias)
        if !sampling.stop.isEmpty { try unsupported.field("stop") }
        if let count = sampling.count, count != 1 {
            try unsupported.field("n", because: "it gives one answer")
        }
        if sampling.wantsLogProbabilities == true { try unsupported.field("logprobs") }
    }

    // MARK: Messages

    private func messages(_ messages: [Conversation.Message]) throws(UpstreamFailure) -> [JSONTree] {
        var written: [JSONTree] = []
        var names = ToolNames()
        // Calls whose results are still to come: each stands right before its result, one at a time.
        var pending: [(id: String, call: JSONTree)] = []
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            try refuseParts(of: message, at: path)
            switch message.role {
            case .system, .user:
                written += pending.map(\.call)
                pending = []
                let text = JSONTree.object([
                    "role": .string(message.role.rawValue), "content": .string(message.text),
                ])
                written.append(text)
            case .assistant:
                written += pending.map(\.call)
                names.note(message.toolCalls)
                pending = try calls(of: message, at: path)
                if pending.isEmpty {
                    written.append(.object(["role": "assistant", "content": .string(message.text)]))
                }
            case .tool:
                let name = try names.name(of: message, at: path)
                if let place = pending.firstIndex(where: { $0.id == message.toolCallID }) {
                    written.append(pending.remove(at: place).call)
                }
                written.append(
                    .object([
                        "role": "function", "name": .string(name),
                        "content": .string(GigaChatRequest.result(message.text)),
                    ]))
            }
        }
        return written + pending.map(\.call)
    }

    private func refuseParts(of message: Conversation.Message, at path: String) throws(UpstreamFailure) {
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text: break
            case .image:
                try unsupported.field(
                    "\(path).content[\(index)].image_url", because: "images are files that it was sent before"
                )
            case .other(let kind, _): try unsupported.field("\(path).content[\(index)].\(kind)")
            }
        }
    }

    /// An assistant's message for each call; the text goes with the first.
    private func calls(
        of message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [(id: String, call: JSONTree)] {
        var calls: [(id: String, call: JSONTree)] = []
        for (index, call) in message.toolCalls.enumerated() {
            let arguments = try call.argumentsObject(at: "\(path).tool_calls[\(index)].function.arguments")
            calls.append(
                (
                    call.id,
                    .object([
                        "role": "assistant", "content": .string(index == 0 ? message.text : ""),
                        "function_call": .object(["name": .string(call.name), "arguments": arguments]),
                        "functions_state_id": GigaChatReply.isStateID(call.id) ? .string(call.id) : nil,
                    ])
                ))
        }
        return calls
    }

    /// A function's result must be a JSON object, as text.
    private static func result(_ text: String) -> String {
        do throws(JSONSyntaxError) {
            if try JSONTree(parsing: Array(text.utf8)).members != nil { return text }
        } catch {
            // Not JSON: it is wrapped like any other text.
        }
        return JSONTree.object(["result": .string(text)]).text
    }

    // MARK: The rest

    private func functions(_ conversation: Conversation) -> JSONTree? {
        guard !conversation.tools.isEmpty else { return nil }
        return .array(
            conversation.tools.map { tool in
                .object([
                    "name": .string(tool.name), "description": tool.description.map(JSONTree.string),
                    "parameters": tool.parameters
                        ?? .object(["type": "object", "properties": .object([:])]),
                ])
            })
    }

    private func choice(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree? {
        switch conversation.toolChoice {
        case nil: return conversation.tools.isEmpty ? nil : "auto"
        case .auto: return "auto"
        case .some(.none): return "none"
        case .function(let name): return .object(["name": .string(name)])
        case .required:
            try unsupported.field("tool_choice", because: "name the function instead")
            return "auto"
        }
    }

    private func format(_ format: Conversation.ResponseFormat) throws(UpstreamFailure) -> JSONTree? {
        switch format {
        case .text: return nil
        case .jsonObject:
            try unsupported.field("response_format", because: "give a json_schema")
            return nil
        case .jsonSchema(_, let schema, let isStrict):
            return .object([
                "type": "json_schema", "schema": schema, "strict": isStrict.map(JSONTree.bool),
            ])
        }
    }

    private func effort(_ effort: String?) throws(UpstreamFailure) -> JSONTree? {
        guard let effort, effort != "none" else { return nil }
        if let level = ["minimal": "low", "low": "low", "medium": "medium", "high": "high"][effort] {
            return .string(level)
        }
        try unsupported.field("reasoning_effort", because: "it has no effort `\(effort.prefix(40))`")
        return nil
    }
}
