import SignalboxCore

/// An answer as a caller's client reads it, plain or put together from the chunks of a stream.
struct SeenAnswer {
    struct ToolCall {
        var id = ""
        var name = ""
        var type: String?
        var arguments = ""
        /// In how many chunks it came.
        var pieces = 0
    }

    var id: String?
    var model: String?
    var created: Int?
    var text = ""
    var reasoning = ""
    var finish: String?
    var toolCalls: [ToolCall] = []
    var role: String?
    var usage: JSONTree?
    /// What is not OpenAI's form.
    var flaws: [String] = []

    /// From a `chat.completion`.
    init(whole body: [UInt8]) {
        guard let tree = tree(body) else { return }
        takeEnvelope(tree, object: "chat.completion")
        usage = tree["usage"]
        guard let choice = tree["choices"]?.elements?.first, let message = choice["message"] else {
            flaws.append("there is no choice with a message")
            return
        }
        role = message["role"]?.string
        text = message["content"]?.string ?? ""
        reasoning = Self.reasoning(in: message)
        finish = choice["finish_reason"]?.string
        toolCalls = (message["tool_calls"]?.elements ?? []).map { call in
            ToolCall(
                id: call["id"]?.string ?? "", name: call["function"]?["name"]?.string ?? "",
                type: call["type"]?.string, arguments: call["function"]?["arguments"]?.string ?? "",
                pieces: 1)
        }
    }

    /// From the payloads of a stream.
    init(chunks: [[UInt8]]) {
        for chunk in chunks {
            guard let tree = tree(chunk) else { continue }
            takeEnvelope(tree, object: "chat.completion.chunk")
            if let usage = tree["usage"], !usage.isNull { self.usage = usage }
            guard let choices = tree["choices"]?.elements else {
                flaws.append("a chunk has no choices")
                continue
            }
            // Several choices are not asked for here.
            for choice in choices { takeDelta(choice) }
        }
    }

    private mutating func tree(_ bytes: [UInt8]) -> JSONTree? {
        do throws(JSONSyntaxError) { return try JSONTree(parsing: bytes) } catch {
            flaws.append("not JSON (\(error)): \(String(decoding: bytes.prefix(200), as: UTF8.self))")
            return nil
        }
    }

    private mutating func takeEnvelope(_ tree: JSONTree, object: String) {
        if tree["object"]?.string != object { flaws.append("`object` is not \(object)") }
        if tree["id"]?.string?.isEmpty ?? true { flaws.append("`id` is missing") }
        if tree["created"]?.integer == nil { flaws.append("`created` is no whole number") }
        if tree["model"]?.string?.isEmpty ?? true { flaws.append("`model` is missing") }
        if let id, id != tree["id"]?.string { flaws.append("`id` changes within a stream") }
        id = tree["id"]?.string
        model = tree["model"]?.string
        created = tree["created"]?.integer
    }

    private mutating func takeDelta(_ choice: JSONTree) {
        if choice["index"]?.integer != 0 { flaws.append("the only choice's `index` is not 0") }
        if let reason = choice["finish_reason"]?.string {
            if finish != nil { flaws.append("there are two finish reasons") }
            finish = reason
        }
        guard let delta = choice["delta"] else { return flaws.append("a choice has no `delta`") }
        role = role ?? delta["role"]?.string
        text += delta["content"]?.string ?? ""
        reasoning += Self.reasoning(in: delta)
        for piece in delta["tool_calls"]?.elements ?? [] { takePiece(piece) }
    }

    private mutating func takePiece(_ piece: JSONTree) {
        guard let index = piece["index"]?.integer, (0...toolCalls.count).contains(index) else {
            return flaws.append("a tool call's piece has no `index`, or one that skips a call")
        }
        if index == toolCalls.count {
            toolCalls.append(ToolCall())
            if piece["id"] == nil { flaws.append("a tool call's first piece has no `id`") }
            if piece["function"]?["name"] == nil { flaws.append("a tool call's first piece has no name") }
        }
        toolCalls[index].id += piece["id"]?.string ?? ""
        toolCalls[index].name += piece["function"]?["name"]?.string ?? ""
        toolCalls[index].type = toolCalls[index].type ?? piece["type"]?.string
        toolCalls[index].arguments += piece["function"]?["arguments"]?.string ?? ""
        toolCalls[index].pieces += 1
    }

    private static func reasoning(in message: JSONTree) -> String {
        message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? ""
    }
}
