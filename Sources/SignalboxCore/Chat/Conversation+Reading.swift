extension Conversation {
    /// Takes apart the body of a request in OpenAI's dialect.
    /// - Throws: ``UpstreamFailure`` of kind `invalidRequest`, which names the field at fault.
    public init(reading call: ChatCall) throws(UpstreamFailure) {
        self.init()
        for (name, value) in call.fields.all {
            let tree: JSONTree
            do throws(JSONSyntaxError) {
                tree = try JSONTree(parsing: call.body, in: value.range)
            } catch {
                throw .refused(name, "`\(name)` is nested too deeply.")
            }
            // A field that is null is a field that was left out.
            if !tree.isNull { try take(name, tree) }
        }
        guard !messages.isEmpty else {
            throw .refused("messages", "`messages` must be a list of at least one message.")
        }
    }

    private mutating func take(_ name: String, _ value: JSONTree) throws(UpstreamFailure) {
        switch name {
        case "model", "stream", "stream_options": break
        case "messages": messages = try Conversation.readMessages(value)
        case "tools": tools = try Conversation.readTools(value)
        case "tool_choice": toolChoice = try Conversation.readToolChoice(value)
        case "parallel_tool_calls": allowsParallelToolCalls = value.bool
        case "response_format": responseFormat = try Conversation.readFormat(value)
        case "max_tokens":
            // The newer name wins, whichever comes first.
            if answerTokensMax == nil { answerTokensMax = try Conversation.readCount(name, value) }
        case "max_completion_tokens": answerTokensMax = try Conversation.readCount(name, value)
        case "reasoning_effort": reasoningEffort = value.string
        case "user": user = value.string
        default:
            if try !sampling.take(name, value) { extras.append(JSONTree.Member(name, value)) }
        }
    }

    fileprivate static func readCount(_ name: String, _ value: JSONTree) throws(UpstreamFailure) -> Int {
        guard let count = value.integer, count >= 0 else {
            throw .refused(name, "`\(name)` must be a whole number that is not negative.")
        }
        return count
    }

    private static func readMessages(_ value: JSONTree) throws(UpstreamFailure) -> [Message] {
        guard let elements = value.elements else {
            throw .refused("messages", "`messages` must be a list.")
        }
        var messages: [Message] = []
        for (index, element) in elements.enumerated() {
            messages.append(try readMessage(element, at: "messages[\(index)]"))
        }
        return messages
    }

    private static func readMessage(_ value: JSONTree, at path: String) throws(UpstreamFailure) -> Message {
        guard let name = value["role"]?.string else {
            throw .refused("\(path).role", "`\(path)` has no `role`.")
        }
        guard let role = Role(rawValue: name == "developer" ? "system" : name) else {
            throw .refused(
                "\(path).role", "`\(name.prefix(40))` is no role; there are system, user, assistant and tool."
            )
        }
        var message = Message(role, try readContent(value["content"], at: path))
        message.toolCallID = value["tool_call_id"]?.string
        message.name = value["name"]?.string
        message.reasoning = value["reasoning_content"]?.string ?? value["reasoning"]?.string
        for (index, call) in (value["tool_calls"]?.elements ?? []).enumerated() {
            guard let function = call["function"], let name = function["name"]?.string else {
                throw .refused("\(path).tool_calls[\(index)]", "A tool call has no `function.name`.")
            }
            message.toolCalls.append(
                ToolCall(
                    id: call["id"]?.string ?? "", name: name,
                    arguments: function["arguments"]?.string ?? function["arguments"]?.text ?? ""))
        }
        return message
    }

    private static func readContent(_ value: JSONTree?, at path: String) throws(UpstreamFailure) -> [Part] {
        switch value {
        case nil, .null: return []
        case .string(let text): return [.text(text)]
        case .array(let elements):
            var parts: [Part] = []
            for (index, element) in elements.enumerated() {
                parts.append(try readPart(element, at: "\(path).content[\(index)]"))
            }
            return parts
        case .object, .number, .bool:
            throw .refused("\(path).content", "`\(path).content` must be a string or a list of parts.")
        }
    }

    private static func readPart(_ value: JSONTree, at path: String) throws(UpstreamFailure) -> Part {
        guard let kind = value["type"]?.string else {
            throw .refused("\(path).type", "`\(path)` has no `type`.")
        }
        switch kind {
        case "text", "refusal":
            guard let text = value[kind]?.string else {
                throw .refused("\(path).\(kind)", "`\(path).\(kind)` must be a string.")
            }
            return .text(text)
        case "image_url":
            let url = value["image_url"]?.string ?? value["image_url"]?["url"]?.string
            guard let url else { throw .refused("\(path).image_url", "`\(path).image_url.url` is missing.") }
            let detail = value["image_url"]?["detail"]?.string
            return .image(Image(try readSource(url, at: "\(path).image_url.url"), detail: detail))
        default: return .other(kind: kind, value)
        }
    }

    /// A web address, or a `data:` URL (RFC 2397) in Base64.
    private static func readSource(_ url: String, at path: String) throws(UpstreamFailure) -> Image.Source {
        guard url.hasPrefix("data:") else { return .url(url) }
        guard let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")),
            url[..<comma].hasSuffix(";base64")
        else { throw .refused(path, "`\(path)` must be a web address or a data: URL in Base64.") }
        let type = url[..<comma].dropFirst(5).dropLast(7).prefix { $0 != ";" }
        return .inline(mediaType: String(type), base64: String(url[comma...].dropFirst()))
    }
}

extension Conversation {
    private static func readTools(_ value: JSONTree) throws(UpstreamFailure) -> [Tool] {
        guard let elements = value.elements else { throw .refused("tools", "`tools` must be a list.") }
        var tools: [Tool] = []
        for (index, element) in elements.enumerated() {
            guard let function = element["function"], let name = function["name"]?.string else {
                throw .refused("tools[\(index)]", "`tools[\(index)]` is no function with a name.")
            }
            tools.append(
                Tool(
                    name: name, description: function["description"]?.string,
                    parameters: function["parameters"], isStrict: function["strict"]?.bool))
        }
        return tools
    }

    private static func readToolChoice(_ value: JSONTree) throws(UpstreamFailure) -> ToolChoice {
        switch value {
        case "auto": return .auto
        case "none": return .none
        case "required": return .required
        default:
            guard let name = value["function"]?["name"]?.string else {
                throw .refused(
                    "tool_choice", "`tool_choice` must be auto, none, required or a function's name.")
            }
            return .function(name)
        }
    }

    private static func readFormat(_ value: JSONTree) throws(UpstreamFailure) -> ResponseFormat {
        switch value["type"]?.string {
        case "text": return .text
        case "json_object": return .jsonObject
        case "json_schema":
            guard let format = value["json_schema"], let schema = format["schema"] else {
                throw .refused(
                    "response_format.json_schema", "`response_format.json_schema.schema` is missing.")
            }
            return .jsonSchema(
                name: format["name"]?.string ?? "answer", schema: schema, isStrict: format["strict"]?.bool)
        default:
            throw .refused(
                "response_format.type", "`response_format.type` must be text, json_object or json_schema.")
        }
    }
}

extension Conversation.Sampling {
    /// False where the field is none of these.
    fileprivate mutating func take(_ name: String, _ value: JSONTree) throws(UpstreamFailure) -> Bool {
        switch name {
        case "temperature": temperature = try number(name, value)
        case "top_p": topP = try number(name, value)
        case "top_k": topK = try number(name, value)
        case "presence_penalty": presencePenalty = try number(name, value)
        case "frequency_penalty": frequencyPenalty = try number(name, value)
        case "seed": seed = try number(name, value)
        case "stop": stop = try strings(name, value)
        case "n": count = try Conversation.readCount(name, value)
        case "logprobs": wantsLogProbabilities = value.bool
        case "top_logprobs": topLogProbabilities = try Conversation.readCount(name, value)
        case "logit_bias": logitBias = value
        default: return false
        }
        return true
    }

    private func number(_ name: String, _ value: JSONTree) throws(UpstreamFailure) -> JSONTree {
        guard value.double != nil else { throw .refused(name, "`\(name)` must be a number.") }
        return value
    }

    private func strings(_ name: String, _ value: JSONTree) throws(UpstreamFailure) -> [String] {
        if let text = value.string { return [text] }
        guard let elements = value.elements, elements.allSatisfy({ $0.string != nil }) else {
            throw .refused(name, "`\(name)` must be a string or a list of strings.")
        }
        return elements.compactMap(\.string)
    }
}
