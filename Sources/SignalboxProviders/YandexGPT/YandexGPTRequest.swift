import SignalboxCore

/// Writes a conversation as the body of `/completion`.
struct YandexGPTRequest {
    let modelURI: String
    let isStreaming: Bool
    let unsupported: Unsupported

    func encode(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree {
        try refuse(conversation)
        let options = JSONTree.object([
            "stream": .bool(isStreaming), "temperature": conversation.sampling.temperature,
            // Whole numbers of 64 bits are strings in the JSON of protocol buffers.
            "maxTokens": conversation.answerTokensMax.map { .string(String($0)) },
            "reasoningOptions": try reasoning(conversation.reasoningEffort),
        ])
        let tools = conversation.tools.map { tool in
            JSONTree.object([
                "function": .object([
                    "name": .string(tool.name), "description": tool.description.map(JSONTree.string),
                    "parameters": tool.parameters ?? .object(["type": "object"]),
                    "strict": tool.isStrict.map(JSONTree.bool),
                ])
            ])
        }
        let (isObject, schema) = format(conversation.responseFormat)
        return .object([
            "modelUri": .string(modelURI), "completionOptions": options,
            "messages": .array(try messages(conversation.messages)),
            "tools": tools.isEmpty ? nil : .array(tools), "jsonObject": isObject, "jsonSchema": schema,
            "parallelToolCalls": conversation.allowsParallelToolCalls.map(JSONTree.bool),
            "toolChoice": choice(conversation.toolChoice),
        ])
    }

    private func refuse(_ conversation: Conversation) throws(UpstreamFailure) {
        let sampling = conversation.sampling
        try unsupported.field("top_p", ifPresent: sampling.topP)
        try unsupported.field("top_k", ifPresent: sampling.topK)
        try unsupported.field("seed", ifPresent: sampling.seed)
        try unsupported.field("presence_penalty", ifPresent: sampling.presencePenalty)
        try unsupported.field("frequency_penalty", ifPresent: sampling.frequencyPenalty)
        try unsupported.field("logit_bias", ifPresent: sampling.logitBias)
        if !sampling.stop.isEmpty { try unsupported.field("stop") }
        if let count = sampling.count, count != 1 {
            try unsupported.field("n", because: "it gives one answer")
        }
        if sampling.wantsLogProbabilities == true { try unsupported.field("logprobs") }
        for extra in conversation.extras where OpenAIOnlyField(rawValue: extra.name)?.isBookkeeping != true {
            try unsupported.field(extra.name)
        }
    }

    // MARK: Messages

    private func messages(_ messages: [Conversation.Message]) throws(UpstreamFailure) -> [JSONTree] {
        var written: [JSONTree] = []
        var names = ToolNames()
        var results: [JSONTree] = []
        func flush() {
            guard !results.isEmpty else { return }
            let list = JSONTree.object(["toolResults": .array(results)])
            written.append(.object(["role": "user", "toolResultList": list]))
            results = []
        }
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            try refuseParts(of: message, at: path)
            switch message.role {
            case .tool:
                let result = JSONTree.object([
                    "name": .string(try names.name(of: message, at: path)),
                    "content": .string(message.text),
                ])
                results.append(.object(["functionResult": result]))
            case .system, .user:
                flush()
                written.append(text(message))
            case .assistant:
                flush()
                names.note(message.toolCalls)
                let calls = try calls(of: message, at: path)
                if calls.isEmpty || !message.text.isEmpty { written.append(text(message)) }
                guard !calls.isEmpty else { continue }
                let list = JSONTree.object(["toolCalls": .array(calls)])
                written.append(.object(["role": "assistant", "toolCallList": list]))
            }
        }
        flush()
        return written
    }

    private func text(_ message: Conversation.Message) -> JSONTree {
        .object(["role": .string(message.role.rawValue), "text": .string(message.text)])
    }

    private func refuseParts(of message: Conversation.Message, at path: String) throws(UpstreamFailure) {
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text: break
            case .image:
                try unsupported.field("\(path).content[\(index)].image_url", because: "it reads text alone")
            case .other(let kind, _): try unsupported.field("\(path).content[\(index)].\(kind)")
            }
        }
    }

    private func calls(
        of message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        var calls: [JSONTree] = []
        for (index, call) in message.toolCalls.enumerated() {
            let arguments = try call.argumentsObject(at: "\(path).tool_calls[\(index)].function.arguments")
            let function = JSONTree.object(["name": .string(call.name), "arguments": arguments])
            calls.append(.object(["functionCall": function]))
        }
        return calls
    }

    // MARK: The rest

    private func format(_ format: Conversation.ResponseFormat) -> (isObject: JSONTree?, schema: JSONTree?) {
        switch format {
        case .text: (nil, nil)
        case .jsonObject: (true, nil)
        case .jsonSchema(_, let schema, _): (nil, .object(["schema": schema]))
        }
    }

    private func choice(_ choice: Conversation.ToolChoice?) -> JSONTree? {
        switch choice {
        case nil: nil
        case .auto: .object(["mode": "AUTO"])
        case .some(.none): .object(["mode": "NONE"])
        case .required: .object(["mode": "REQUIRED"])
        case .function(let name): .object(["functionName": .string(name)])
        }
    }

    /// It reasons or it does not: there are no levels.
    private func reasoning(_ effort: String?) throws(UpstreamFailure) -> JSONTree? {
        switch effort {
        case nil: return nil
        case "none": return .object(["mode": "DISABLED"])
        case "minimal", "low", "medium", "high": return .object(["mode": "ENABLED_HIDDEN"])
        case .some(let other):
            try unsupported.field("reasoning_effort", because: "it has no effort `\(other.prefix(40))`")
            return nil
        }
    }
}
