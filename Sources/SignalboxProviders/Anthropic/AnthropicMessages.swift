import SignalboxCore

/// Writes the messages of a conversation: two roles, each with a list of blocks.
struct AnthropicMessages {
    private let unsupported: Unsupported

    init(_ unsupported: Unsupported) {
        self.unsupported = unsupported
    }

    /// Messages of one role that follow each other become one: results of parallel calls must stand together.
    func write(_ messages: [Conversation.Message]) throws(UpstreamFailure) -> [JSONTree] {
        var written: [(role: String, blocks: [JSONTree])] = []
        for (index, message) in messages.enumerated() {
            let path = "messages[\(index)]"
            let role: String
            let blocks: [JSONTree]
            switch message.role {
            case .system: continue
            case .tool: (role, blocks) = ("user", [try result(message, at: path)])
            case .user: (role, blocks) = ("user", try content(message, at: path))
            case .assistant: (role, blocks) = ("assistant", try assistant(message, at: path))
            }
            if message.role != .tool { try unsupported.field("\(path).name", ifPresent: message.name) }
            if blocks.isEmpty { continue }
            if let last = written.indices.last, written[last].role == role {
                written[last].blocks += blocks
            } else {
                written.append((role, blocks))
            }
        }
        return written.map { .object(["role": .string($0.role), "content": .array($0.blocks)]) }
    }

    private func assistant(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        // Reasoning that is sent back lacks the signature that Anthropic wants on it.
        var blocks = try content(message, at: path)
        for (index, call) in message.toolCalls.enumerated() {
            blocks.append(
                .object([
                    "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                    "input": try input(of: call, at: "\(path).tool_calls[\(index)]"),
                ]))
        }
        return blocks
    }

    private func input(
        of call: Conversation.ToolCall, at path: String
    ) throws(UpstreamFailure) -> JSONTree {
        if call.arguments.allSatisfy(\.isWhitespace) { return .object([:]) }
        do throws(JSONSyntaxError) {
            let input = try JSONTree(parsing: Array(call.arguments.utf8))
            if input.members != nil { return input }
        } catch {
            throw .refused("\(path).function.arguments", "The arguments are not JSON: \(error).")
        }
        throw .refused("\(path).function.arguments", "The arguments must be a JSON object.")
    }

    private func result(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> JSONTree {
        let blocks = try content(message, at: path)
        let isText = message.content.allSatisfy { if case .text = $0 { true } else { false } }
        return .object([
            "type": "tool_result", "tool_use_id": .string(message.toolCallID ?? ""),
            "content": isText ? .string(message.text) : .array(blocks),
        ])
    }

    /// Empty texts are left out: Anthropic refuses them.
    private func content(
        _ message: Conversation.Message, at path: String
    ) throws(UpstreamFailure) -> [JSONTree] {
        var blocks: [JSONTree] = []
        for (index, part) in message.content.enumerated() {
            switch part {
            case .text(""): break
            case .text(let text): blocks.append(.object(["type": "text", "text": .string(text)]))
            case .image(let image):
                blocks.append(.object(["type": "image", "source": source(of: image)]))
            case .other(let kind, let value):
                if let document = document(kind, value) {
                    blocks.append(document)
                } else {
                    try unsupported.field("\(path).content[\(index)]", because: "a \(kind.prefix(40))")
                }
            }
        }
        return blocks
    }

    private func source(of image: Conversation.Image) -> JSONTree {
        switch image.source {
        case .url(let url): .object(["type": "url", "url": .string(url)])
        case .inline(let type, let base64):
            .object(["type": "base64", "media_type": .string(type), "data": .string(base64)])
        }
    }

    /// A file that stands in the request: Anthropic reads PDF.
    private func document(_ kind: String, _ value: JSONTree) -> JSONTree? {
        let prefix = "data:application/pdf;base64,"
        guard kind == "file", let data = value["file"]?["file_data"]?.string, data.hasPrefix(prefix) else {
            return nil
        }
        return .object([
            "type": "document",
            "source": .object([
                "type": "base64", "media_type": "application/pdf",
                "data": .string(String(data.dropFirst(prefix.count))),
            ]),
            "title": (value["file"]?["filename"]?.string).map(JSONTree.string),
        ])
    }
}
