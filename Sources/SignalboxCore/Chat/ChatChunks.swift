/// Writes a translated stream as OpenAI's `chat.completion.chunk` objects, one payload a call.
public struct ChatChunks: Sendable {
    public var id: String
    public var model: String
    /// Seconds since 1970.
    public var created: Int
    private var opened: Set<Int> = []

    public init(id: String, model: String, created: Int) {
        self.id = id
        self.model = model
        self.created = created
    }

    /// - Parameter logProbabilities: in OpenAI's form, of the tokens of this piece.
    public mutating func text(
        _ text: String, choice: Int = 0, logProbabilities: JSONTree? = nil
    ) -> [UInt8] {
        delta(["content": .string(text)], choice, logProbabilities: logProbabilities)
    }

    public mutating func reasoning(_ text: String, choice: Int = 0) -> [UInt8] {
        delta(["reasoning_content": .string(text)], choice)
    }

    public mutating func refusal(_ text: String, choice: Int = 0) -> [UInt8] {
        delta(["refusal": .string(text)], choice)
    }

    /// Begins a tool call; its arguments may come with it or in pieces.
    /// - Parameter index: counts the calls of this choice, from 0.
    public mutating func toolCall(
        index: Int, id: String, name: String, arguments: String = "", choice: Int = 0
    ) -> [UInt8] {
        let call = JSONTree.object([
            "index": .integer(index), "id": .string(id), "type": "function",
            "function": .object(["name": .string(name), "arguments": .string(arguments)]),
        ])
        return delta(["tool_calls": .array([call])], choice)
    }

    /// A further piece of a tool call's arguments. Every piece has `type`: one vendor's client demands it.
    public mutating func toolArguments(index: Int, _ piece: String, choice: Int = 0) -> [UInt8] {
        let call = JSONTree.object([
            "index": .integer(index), "type": "function",
            "function": .object(["arguments": .string(piece)]),
        ])
        return delta(["tool_calls": .array([call])], choice)
    }

    public mutating func finish(_ reason: FinishReason, choice: Int = 0) -> [UInt8] {
        payload([
            .object([
                "index": .integer(choice), "delta": .object([:]), "finish_reason": .string(reason.rawValue),
            ])
        ])
    }

    /// OpenAI's last chunk: no choices, the usage of all.
    public func usage(_ usage: TokenUsage) -> [UInt8] {
        payload([], usage: usage)
    }

    private mutating func delta(
        _ members: KeyValuePairs<String, JSONTree?>, _ choice: Int, logProbabilities: JSONTree? = nil
    ) -> [UInt8] {
        let isFirst = opened.insert(choice).inserted
        var delta = isFirst ? [JSONTree.Member("role", "assistant")] : []
        delta += JSONTree.object(members).members ?? []
        return payload([
            .object([
                "index": .integer(choice), "delta": .object(delta), "logprobs": logProbabilities,
                "finish_reason": .null,
            ])
        ])
    }

    private func payload(_ choices: [JSONTree], usage: TokenUsage? = nil) -> [UInt8] {
        JSONTree.object([
            "id": .string(id), "object": "chat.completion.chunk", "created": .integer(created),
            "model": .string(model), "choices": .array(choices), "usage": usage?.tree,
        ]).json
    }
}
