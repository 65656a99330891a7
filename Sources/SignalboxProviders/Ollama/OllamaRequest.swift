import SignalboxCore

/// Writes a conversation as the body of `/api/chat`.
struct OllamaRequest {
    let model: String
    let isStreaming: Bool
    let unsupported: Unsupported

    /// What Ollama keeps under `options` and callers write beside the rest: how a model is loaded and run.
    private static let options: Set<String> = [
        "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_keep", "numa", "low_vram", "f16_kv",
        "logits_all", "vocab_only", "use_mmap", "use_mlock", "min_p", "tfs_z", "typical_p", "repeat_last_n",
        "repeat_penalty", "mirostat", "mirostat_tau", "mirostat_eta", "penalize_newline",
    ]

    func encode(_ conversation: Conversation) throws(UpstreamFailure) -> JSONTree {
        try refuse(conversation)
        var (options, extras): ([JSONTree.Member], [JSONTree.Member]) = ([], [])
        for extra in conversation.extras {
            if let field = OpenAIOnlyField(rawValue: extra.name) {
                if !field.isBookkeeping { try unsupported.field(extra.name) }
            } else if extra.name == "options" {
                options += extra.value.members ?? []
            } else if OllamaRequest.options.contains(extra.name) {
                options.append(extra)
            } else {
                extras.append(extra)
            }
        }
        let own = self.options(conversation)
        let names = Set(options.map(\.name))
        options = own.filter { !names.contains($0.name) } + options
        let think = try extras.contains { $0.name == "think" } ? nil : thinking(conversation.reasoningEffort)
        let request = JSONTree.object([
            "model": .string(model), "messages": .array(try messages(conversation.messages)),
            // It streams unless told not to.
            "stream": .bool(isStreaming), "tools": tools(conversation),
            "format": format(conversation.responseFormat), "think": think,
            "logprobs": conversation.sampling.wantsLogProbabilities.map(JSONTree.bool),
            "top_logprobs": conversation.sampling.topLogProbabilities.map(JSONTree.integer),
            "options": options.isEmpty ? nil : .object(options),
        ])
        return .object((request.members ?? []) + extras)
    }

    private func refuse(_ conversation: Conversation) throws(UpstreamFailure) {
        try unsupported.field("logit_bias", ifPresent: conversation.sampling.logitBias)
        if let count = conversation.sampling.count, count != 1 {
            try unsupported.field("n", because: "it gives one answer")
        }
        if conversation.allowsParallelToolCalls == false { try unsupported.field("parallel_tool_calls") }
        switch conversation.toolChoice {
        // Without a choice the tools are simply not offered.
        case nil, .auto, .some(.none): break
        case .required, .function: try unsupported.field("tool_choice", because: "the model chooses")
        }
    }

    // MARK: Messages

    private func messages(_ messages: [Conversation.Message]) throws(UpstreamFailure) -> [JSONTree] {
        var names = ToolNames()
        var written: [JSONTree] = []
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            names.note(message.toolCalls)
            let images = try images(message, at: path)
            let calls = try calls(message, at: path)
            var toolName: String?
            switch message.role {
            case .tool: toolName = try names.name(of: message, at: path)
            case .user: try unsupported.field("\(path).name", ifPresent: message.name)
            case .system, .assistant: break
            }
            written.append(
                .object([
                    "role": .string(message.role.rawValue), "content": .string(message.text),
                    "thinking": message.reasoning.map(JSONTree.string),
                    "images": images.isEmpty ? nil : .strings(images),
                    "tool_calls": calls.isEmpty ? nil : .array(calls),
                    "tool_name": toolName.map(JSONTree.string),
                    "tool_call_id": toolName == nil ? nil : message.toolCallID.map(JSONTree.string),
                ]))
        }
        return written
    }

    /// Ollama fetches nothing: an image must come with the request.
    private func images(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [String] {
        var images: [String] = []
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text: break
            case .image(let image):
                switch image.source {
                case .inline(_, let base64): images.append(base64)
                case .url:
                    try unsupported.field(
                        "\(path).content[\(index)].image_url.url",
                        because: "it fetches nothing, send the image as a data: URL")
                }
            case .other(let kind, _): try unsupported.field("\(path).content[\(index)].\(kind)")
            }
        }
        return images
    }

    private func calls(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        var calls: [JSONTree] = []
        for (index, call) in message.toolCalls.enumerated() {
            let arguments = try call.argumentsObject(at: "\(path).tool_calls[\(index)].function.arguments")
            calls.append(
                .object([
                    "id": call.id.isEmpty ? nil : .string(call.id),
                    "function": .object(["name": .string(call.name), "arguments": arguments]),
                ]))
        }
        return calls
    }

    // MARK: The rest

    private func tools(_ conversation: Conversation) -> JSONTree? {
        guard !conversation.tools.isEmpty, conversation.toolChoice != .some(.none) else { return nil }
        return .array(
            conversation.tools.map { tool in
                .object([
                    "type": "function",
                    "function": .object([
                        "name": .string(tool.name), "description": tool.description.map(JSONTree.string),
                        "parameters": tool.parameters ?? .object(["type": "object"]),
                    ]),
                ])
            })
    }

    private func format(_ format: Conversation.ResponseFormat) -> JSONTree? {
        switch format {
        case .text: nil
        case .jsonObject: "json"
        case .jsonSchema(_, let schema, _): schema
        }
    }

    /// Models that know no levels take any for yes; one that cannot think at all refuses.
    private func thinking(_ effort: String?) throws(UpstreamFailure) -> JSONTree? {
        guard let effort else { return nil }
        if effort == "none" { return false }
        if let level = ["minimal": "low", "low": "low", "medium": "medium", "high": "high"][effort] {
            return .string(level)
        }
        try unsupported.field("reasoning_effort", because: "it has no effort `\(effort.prefix(40))`")
        return nil
    }

    private func options(_ conversation: Conversation) -> [JSONTree.Member] {
        let sampling = conversation.sampling
        return JSONTree.object([
            "temperature": sampling.temperature, "top_p": sampling.topP, "top_k": sampling.topK,
            "seed": sampling.seed, "stop": sampling.stop.isEmpty ? nil : .strings(sampling.stop),
            "num_predict": conversation.answerTokensMax.map(JSONTree.integer),
            "presence_penalty": sampling.presencePenalty, "frequency_penalty": sampling.frequencyPenalty,
        ]).members ?? []
    }
}
