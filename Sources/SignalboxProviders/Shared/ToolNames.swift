import SignalboxCore

/// Which tool each result in a conversation is of: OpenAI's dialect says only which call it answers, and some
/// vendors want the tool's name.
struct ToolNames {
    private var names: [String: String] = [:]

    /// Takes note of what the assistant asked for. An id that is used again means the later call.
    mutating func note(_ calls: [Conversation.ToolCall]) {
        for call in calls where !call.id.isEmpty { names[call.id] = call.name }
    }

    /// - Throws: of kind `invalidRequest` where no earlier message has that call.
    func name(of result: Conversation.Message, at path: String) throws(UpstreamFailure) -> String {
        if let name = result.toolCallID.flatMap({ names[$0] }) ?? result.name { return name }
        throw .refused(
            "\(path).tool_call_id", "`\(path).tool_call_id` answers no tool call of an earlier message.")
    }
}

extension Conversation.ToolCall {
    /// The arguments as an object, for vendors that want one.
    /// - Throws: of kind `invalidRequest` where they are none.
    func argumentsObject(at path: String) throws(UpstreamFailure) -> JSONTree {
        if arguments.allSatisfy(\.isWhitespace) { return .object([:]) }
        do throws(JSONSyntaxError) {
            let tree = try JSONTree(parsing: Array(arguments.utf8))
            if tree.members != nil { return tree }
        } catch {
            throw .refused(path, "`\(path)` is no JSON: \(error)")
        }
        throw .refused(path, "`\(path)` must be a JSON object.")
    }

    /// An id for a call that its vendor gave none: the same for the same answer, and another in every answer.
    static func madeUpID(answer: String, choice: Int = 0, index: Int) -> String {
        // FNV-1a, 64 bits: short enough for vendors that limit the length of ids.
        let hash = answer.utf8.reduce(UInt64(0xCBF2_9CE4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return "call_\(String(hash, radix: 16))_\(choice)_\(index)"
    }
}
