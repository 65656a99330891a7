public import SignalboxCore

/// What a fake vendor was asked, in no dialect: from it, and the model, everything it answers follows.
public struct FakeTurn: Sendable, Hashable {
    public enum Image: Sendable, Hashable {
        case url(String)
        case inline(mediaType: String, base64Count: Int)
    }

    public struct Tool: Sendable, Hashable {
        public var name: String
        /// Its JSON schema.
        public var parameters: JSONTree?

        public init(name: String, parameters: JSONTree?) {
            self.name = name
            self.parameters = parameters
        }
    }

    /// Every text of the conversation in its order: system, user, assistant and tool results.
    public var texts: [String] = []
    public var lastUserText = ""
    public var images: [Image] = []
    public var tools: [Tool] = []
    /// The results that stand at the end of the conversation; empty where the user speaks last.
    public var toolResults: [String] = []
    public var wantsJSON = false

    public init() {}

    /// From a conversation: for tests, which know what they ask, and for fakes of OpenAI's dialect.
    public init(_ conversation: Conversation) {
        for message in conversation.messages {
            if !message.text.isEmpty { texts.append(message.text) }
            switch message.role {
            case .user:
                lastUserText = message.text
                toolResults = []
                images += message.content.compactMap(Image.init)
            case .tool: toolResults.append(message.text)
            case .system, .assistant: toolResults = []
            }
        }
        tools = conversation.tools.map { Tool(name: $0.name, parameters: $0.parameters) }
        wantsJSON = conversation.responseFormat != .text
    }

    /// What every fake answers: an echo of the last user message, images and tool results acknowledged.
    public func answer(as model: FakeModel) -> FakeAnswer {
        let calls = model == .tools && toolResults.isEmpty ? toolCalls : []
        var answer = FakeAnswer(text: calls.isEmpty ? text : "", toolCalls: calls)
        answer.finish = calls.isEmpty ? model.finish : .toolCalls
        if model == .reasoning { answer.reasoning = "Let me think about it." }
        answer.usage = usage(of: answer, as: model)
        return answer
    }

    private var text: String {
        var text = "Echo: " + lastUserText
        for image in images {
            switch image {
            case .url(let url): text += " [image at \(url)]"
            case .inline(let type, let count): text += " [image \(type), \(count) characters of Base64]"
            }
        }
        for result in toolResults { text += " [result: \(result)]" }
        return wantsJSON ? JSONTree.object(["echo": .string(text)]).text : text
    }

    private var toolCalls: [FakeAnswer.ToolCall] {
        tools.enumerated().map { index, tool in
            FakeAnswer.ToolCall(
                id: "call_\(index + 1)", name: tool.name, arguments: arguments(for: tool.parameters))
        }
    }

    /// A value for each property of the schema: the last user message where a text is wanted.
    private func arguments(for schema: JSONTree?) -> JSONTree {
        let properties = schema?["properties"]?.members ?? []
        return .object(properties.map { JSONTree.Member($0.name, argument(of: $0.value["type"]?.string)) })
    }

    private func argument(of type: String?) -> JSONTree {
        // One vendor spells the types in capitals.
        switch type?.lowercased() {
        case "integer": 7
        case "number": .number("0.5")
        case "boolean": true
        case "array": .array([])
        case "object": .object([:])
        default: .string(lastUserText)
        }
    }

    private func usage(of answer: FakeAnswer, as model: FakeModel) -> TokenUsage {
        let prompt = texts.reduce(0) { $0 + FakeTurn.tokens(in: $1) } + 85 * images.count + 10 * tools.count
        let reasoning = FakeTurn.tokens(in: answer.reasoning)
        let calls = answer.toolCalls.reduce(0) { $0 + FakeTurn.tokens(in: $1.arguments.text) + 1 }
        // The cache holds what is added to the prompt for it: 100 tokens read and 20 written.
        let (cached, written) = model == .cached ? (100, 20) : (0, 0)
        return TokenUsage(
            promptTokens: prompt + cached + written,
            completionTokens: FakeTurn.tokens(in: answer.text) + reasoning + calls, cachedTokens: cached,
            cacheWriteTokens: written, reasoningTokens: reasoning)
    }

    /// A token is a word between spaces.
    public static func tokens(in text: String) -> Int {
        text.split(whereSeparator: \.isWhitespace).count
    }

    /// What a fake embeds a text as: eight numbers that depend on the text alone.
    public static func vector(of text: String, dimensions: Int = 8) -> [Double] {
        // FNV-1a (Fowler, Noll, Vo), 64 bit.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<dimensions).map { index in
            let piece = (hash >> UInt64(index * 8 % 64)) & 0xFF
            return Double(Int(piece) - 128) / 128
        }
    }
}

extension FakeTurn.Image {
    public init?(_ part: Conversation.Part) {
        switch part {
        case .image(let image):
            switch image.source {
            case .url(let url): self = .url(url)
            case .inline(let type, let base64):
                self = .inline(mediaType: type, base64Count: base64.utf8.count)
            }
        case .text, .other: return nil
        }
    }
}

extension FakeModel {
    /// How an answer without tool calls ends.
    public var finish: FinishReason {
        switch self {
        case .length: .length
        case .filtered: .contentFilter
        case .ok, .tools, .reasoning, .cached, .slow, .fail429, .fail500, .failOverloaded, .failContext,
            .failFilter, .failModel, .failInvalid, .htmlError, .streamError, .streamNoTerminator,
            .streamShort, .streamCut, .streamStall:
            .stop
        }
    }
}

/// A fake vendor's good answer, before it is written in the vendor's dialect.
public struct FakeAnswer: Sendable, Hashable {
    public struct ToolCall: Sendable, Hashable {
        public var id: String
        public var name: String
        public var arguments: JSONTree
    }

    public var text: String
    public var reasoning = ""
    public var toolCalls: [ToolCall]
    public var finish = FinishReason.stop
    /// As OpenAI counts: cached, cache-write and reasoning tokens are parts of the two sums. A vendor that
    /// counts otherwise writes it its own way.
    public var usage = TokenUsage(promptTokens: 0, completionTokens: 0)

    public init(text: String, toolCalls: [ToolCall] = []) {
        self.text = text
        self.toolCalls = toolCalls
    }

    /// A text as a stream brings it: in about four pieces, cut between characters.
    public static func pieces(of text: String) -> [String] {
        let characters = Array(text)
        let size = max(1, (characters.count + 3) / 4)
        return stride(from: 0, to: characters.count, by: size).map {
            String(characters[$0..<min($0 + size, characters.count)])
        }
    }
}
