import SignalboxCore

/// Translates the messages of a caller's request: results of tools become messages of their own.
struct AnthropicCallerMessages {
    private(set) var written: [JSONTree] = []
    private(set) var untranslated: UpstreamFailure?

    /// A text, or blocks of text.
    mutating func system(_ system: JSONTree?) throws(UpstreamFailure) {
        guard let system, !system.isNull else { return }
        write("system", try text(system, at: "system"))
    }

    mutating func add(_ turn: JSONTree, at path: String) throws(UpstreamFailure) {
        guard let content = turn["content"], content.string != nil || content.elements != nil else {
            throw .refused("\(path).content", "`\(path).content` must be a string or a list of blocks.")
        }
        switch turn["role"]?.string {
        case "user": try user(content, at: path)
        case "assistant": try assistant(content, at: path)
        case "system": write("system", try text(content, at: "\(path).content"))
        default: throw .refused("\(path).role", "`\(path).role` must be user or assistant.")
        }
    }

    private mutating func write(_ role: String, _ content: String) {
        written.append(.object(["role": .string(role), "content": .string(content)]))
    }

    private mutating func leaveOut(_ field: String) {
        if untranslated == nil { untranslated = AnthropicCallerRequest.refusal(of: field) }
    }

    private mutating func text(_ value: JSONTree, at path: String) throws(UpstreamFailure) -> String {
        if let text = value.string { return text }
        var texts: [String] = []
        for (index, block) in (value.elements ?? []).enumerated() {
            if let text = block["text"]?.string {
                texts.append(text)
            } else {
                leaveOut("\(path)[\(index)]")
            }
        }
        return texts.joined(separator: "\n\n")
    }

    // MARK: User

    private mutating func user(_ content: JSONTree, at path: String) throws(UpstreamFailure) {
        guard let blocks = content.elements else { return write("user", content.string ?? "") }
        var parts: [JSONTree] = []
        for (index, block) in blocks.enumerated() {
            let place = "\(path).content[\(index)]"
            if block["type"] == "tool_result" {
                parts += try result(block, at: place)
            } else {
                parts += try part(block, at: place)
            }
        }
        guard !parts.isEmpty else { return }
        written.append(.object(["role": "user", "content": AnthropicCallerMessages.content(parts)]))
    }

    /// A lone text stays a string: not everybody reads lists.
    private static func content(_ parts: [JSONTree]) -> JSONTree {
        parts.count == 1 ? parts[0]["text"] ?? .array(parts) : .array(parts)
    }

    /// Writes a tool's result; answers with its images, which only the user's own message can show.
    private mutating func result(_ block: JSONTree, at path: String) throws(UpstreamFailure) -> [JSONTree] {
        guard let id = block["tool_use_id"]?.string else {
            throw .refused("\(path).tool_use_id", "`\(path).tool_use_id` is missing.")
        }
        var texts: [String] = []
        var shown: [JSONTree] = []
        if let text = block["content"]?.string { texts.append(text) }
        for (index, inner) in (block["content"]?.elements ?? []).enumerated() {
            for part in try part(inner, at: "\(path).content[\(index)]") {
                if let text = part["text"]?.string { texts.append(text) } else { shown.append(part) }
            }
        }
        written.append(
            .object([
                "role": "tool", "tool_call_id": .string(id),
                "content": .string(texts.joined(separator: "\n")),
            ]))
        return shown
    }

    /// No part where the block is left out.
    private mutating func part(_ block: JSONTree, at path: String) throws(UpstreamFailure) -> [JSONTree] {
        switch block["type"]?.string {
        case nil: throw .refused("\(path).type", "`\(path)` has no `type`.")
        case "text": return [AnthropicCallerMessages.text(block["text"]?.string ?? "")]
        case "image":
            guard let url = AnthropicCallerMessages.url(of: block["source"]) else { break }
            return [.object(["type": "image_url", "image_url": .object(["url": .string(url)])])]
        case "document":
            if block["source"]?["type"] == "text", let text = block["source"]?["data"]?.string {
                return [AnthropicCallerMessages.text(text)]
            }
            guard block["source"]?["type"] == "base64",
                let url = AnthropicCallerMessages.url(of: block["source"])
            else { break }
            let name = block["title"]?.string ?? "document.pdf"
            let file = JSONTree.object(["filename": .string(name), "file_data": .string(url)])
            return [.object(["type": "file", "file": file])]
        default: break
        }
        leaveOut(path)
        return []
    }

    private static func text(_ text: String) -> JSONTree {
        .object(["type": "text", "text": .string(text)])
    }

    private static func url(of source: JSONTree?) -> String? {
        switch source?["type"]?.string {
        case "url": return source?["url"]?.string
        case "base64":
            guard let type = source?["media_type"]?.string, let data = source?["data"]?.string else {
                return nil
            }
            return "data:\(type);base64,\(data)"
        default: return nil
        }
    }

    // MARK: Assistant

    private mutating func assistant(_ content: JSONTree, at path: String) throws(UpstreamFailure) {
        guard let blocks = content.elements else { return write("assistant", content.string ?? "") }
        var text = ""
        var calls: [JSONTree] = []
        for (index, block) in blocks.enumerated() {
            switch block["type"]?.string {
            case "text": text += block["text"]?.string ?? ""
            // Thinking is signed for Anthropic alone; others go on without it.
            case "thinking", "redacted_thinking": break
            case "tool_use":
                let input = block["input"] ?? .object([:])
                let function = JSONTree.object([
                    "name": block["name"] ?? "", "arguments": .string(input.text),
                ])
                calls.append(
                    .object(["id": block["id"] ?? "", "type": "function", "function": function]))
            default: leaveOut("\(path).content[\(index)]")
            }
        }
        written.append(
            .object([
                "role": "assistant", "content": text.isEmpty && !calls.isEmpty ? .null : .string(text),
                "tool_calls": calls.isEmpty ? nil : .array(calls),
            ]))
    }
}
