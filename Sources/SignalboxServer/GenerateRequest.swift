package import SignalboxCore
import SignalboxHTTP

/// Reads `{"prompt": …, "priority": …}` and writes it as a chat of one message.
package enum GenerateRequest {
    /// - Parameter defaultModel: asked for where the caller names none.
    static func read(_ exchange: Exchange, bytesMax: Int, defaultModel: String) throws(RequestError)
        -> ChatCall
    {
        try read(ChatRequest.body(of: exchange, bytesMax: bytesMax), defaultModel: defaultModel)
    }

    package static func read(_ body: [UInt8], defaultModel: String) throws(RequestError) -> ChatCall {
        let tree: JSONTree
        do throws(JSONSyntaxError) {
            tree = try JSONTree(parsing: body)
        } catch {
            throw .invalid("The request body is not a JSON object: \(error).", "invalid_json", nil)
        }
        guard let members = tree.members else {
            throw .invalid("The request body is not a JSON object.", "invalid_json", nil)
        }
        try refuseStream(tree)
        try refuseTimeout(tree)
        let model = try text("model", in: tree) ?? defaultModel
        let priority = try priority(in: tree)
        var chat = [
            JSONTree.Member("model", .string(model)), JSONTree.Member("messages", try messages(in: tree)),
        ]
        chat += try options(in: tree, besides: members)
        let bytes = JSONTree.object(chat).json
        do throws(JSONSyntaxError) {
            let fields = try JSONFields(scanning: bytes)
            return ChatCall(
                body: bytes, fields: fields, model: model, isStreaming: false, priority: priority)
        } catch {
            throw .invalid("The request has too many fields: \(error).", "invalid_json", nil)
        }
    }

    private static func refuseStream(_ tree: JSONTree) throws(RequestError) {
        switch tree["stream"] {
        case nil, .null, .bool(false): return
        case .bool(true):
            throw .invalid(
                "/generate answers in one piece; stream from /v1/chat/completions.", "invalid_value",
                "stream")
        default: throw .invalid("`stream` must be true or false.", "invalid_type", "stream")
        }
    }

    private static func refuseTimeout(_ tree: JSONTree) throws(RequestError) {
        guard let value = tree["timeout"], !value.isNull else { return }
        throw .invalid(
            "`timeout` is the route's: request_timeout in the configuration.", "invalid_value", "timeout")
    }

    private static func messages(in tree: JSONTree) throws(RequestError) -> JSONTree {
        if tree["messages"] != nil {
            throw .invalid(
                "/generate takes a `prompt`; send `messages` to /v1/chat/completions.", "invalid_value",
                "messages")
        }
        guard let prompt = try text("prompt", in: tree) else {
            throw .invalid("You must provide a prompt.", "missing_required_parameter", "prompt")
        }
        let user = JSONTree.object(["role": "user", "content": .string(prompt)])
        guard let system = try text("system_prompt", in: tree) else { return .array([user]) }
        return .array([.object(["role": "system", "content": .string(system)]), user])
    }

    /// By its name, in capitals or not, or by its number: 0 is critical.
    private static func priority(in tree: JSONTree) throws(RequestError) -> RequestPriority? {
        let named: RequestPriority?
        switch tree["priority"] {
        case nil, .null: return nil
        case .string(let name): named = RequestPriority(rawValue: name.lowercased())
        case .number(let number):
            named = RequestPriority.allCases.first { "\($0.rank)" == number }
        case .object, .array, .bool: named = nil
        }
        guard let named else {
            throw .invalid(
                "`priority` must be critical, high, normal or low.", "invalid_value", "priority")
        }
        return named
    }

    /// Nil where it is missing or null.
    private static func text(_ name: String, in tree: JSONTree) throws(RequestError) -> String? {
        guard let value = tree[name], !value.isNull else { return nil }
        guard let text = value.string, !text.isEmpty else {
            throw .invalid("`\(name)` must be a string that is not empty.", "invalid_type", name)
        }
        return text
    }

    private static let own: Set<String> = [
        "prompt", "system_prompt", "model", "priority", "stream", "messages", "options", "timeout",
    ]

    /// Everything else, as it was spelled; what stands in `options` too, unless it stands beside it.
    private static func options(
        in tree: JSONTree, besides members: [JSONTree.Member]
    ) throws(RequestError) -> [JSONTree.Member] {
        let beside = members.filter { !own.contains($0.name) }
        guard let value = tree["options"], !value.isNull else { return beside }
        guard let options = value.members else {
            throw .invalid("`options` must be an object.", "invalid_type", "options")
        }
        let names = Set(beside.map(\.name))
        for option in options where own.contains(option.name) {
            throw .invalid(
                "`\(option.name)` is no option.", "invalid_value", "options.\(option.name)")
        }
        return beside + options.filter { !names.contains($0.name) }
    }
}
