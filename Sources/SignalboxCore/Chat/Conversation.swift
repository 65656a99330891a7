/// A chat request taken apart, in no vendor's dialect: what an adapter translates from where it cannot
/// forward the caller's bytes.
public struct Conversation: Sendable, Hashable {
    public var messages: [Message] = []
    public var tools: [Tool] = []
    public var toolChoice: ToolChoice?
    public var allowsParallelToolCalls: Bool?
    public var responseFormat: ResponseFormat = .text
    public var sampling = Sampling()
    /// Tokens that the answer may have, reasoning included where the vendor counts so.
    public var answerTokensMax: Int?
    /// `none`, `minimal`, `low`, `medium`, `high`, or whatever a vendor invents next.
    public var reasoningEffort: String?
    /// Who the caller's own user is.
    public var user: String?
    /// Top-level fields that are no part of the above, in their order: a vendor's own options.
    public var extras: [JSONTree.Member] = []

    public init() {}

    public struct Message: Sendable, Hashable {
        public var role: Role
        public var content: [Part]
        /// What the assistant asked for.
        public var toolCalls: [ToolCall]
        /// Which call a `tool` message answers.
        public var toolCallID: String?
        public var name: String?
        /// The assistant's reasoning, where a caller sends it back.
        public var reasoning: String?

        public init(
            _ role: Role, _ content: [Part], toolCalls: [ToolCall] = [], toolCallID: String? = nil,
            name: String? = nil, reasoning: String? = nil
        ) {
            self.role = role
            self.content = content
            self.toolCalls = toolCalls
            self.toolCallID = toolCallID
            self.name = name
            self.reasoning = reasoning
        }

        /// The text parts, one after the other.
        public var text: String {
            content.map { if case .text(let text) = $0 { text } else { "" } }.joined()
        }
    }

    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// `developer` is read as `system`.
        case system, user, assistant, tool
    }

    public enum Part: Sendable, Hashable {
        case text(String)
        case image(Image)
        /// A kind that is only carried over (`input_audio`, `file`), whole.
        case other(kind: String, JSONTree)
    }

    public struct Image: Sendable, Hashable {
        public enum Source: Sendable, Hashable {
            case url(String)
            /// From a `data:` URL: `image/png`, and the Base64 text as it came.
            case inline(mediaType: String, base64: String)
        }

        public var source: Source
        /// `auto`, `low` or `high`.
        public var detail: String?

        public init(_ source: Source, detail: String? = nil) {
            self.source = source
            self.detail = detail
        }
    }

    public struct ToolCall: Sendable, Hashable {
        public var id: String
        public var name: String
        /// JSON as text, as the model wrote it: it need not be valid.
        public var arguments: String

        public init(id: String, name: String, arguments: String) {
            self.id = id
            self.name = name
            self.arguments = arguments
        }
    }

    public struct Tool: Sendable, Hashable {
        public var name: String
        public var description: String?
        /// A JSON schema.
        public var parameters: JSONTree?
        public var isStrict: Bool?

        public init(
            name: String, description: String? = nil, parameters: JSONTree? = nil, isStrict: Bool? = nil
        ) {
            self.name = name
            self.description = description
            self.parameters = parameters
            self.isStrict = isStrict
        }
    }

    public enum ToolChoice: Sendable, Hashable {
        case auto, none, required
        case function(String)
    }

    public enum ResponseFormat: Sendable, Hashable {
        case text
        case jsonObject
        case jsonSchema(name: String, schema: JSONTree, isStrict: Bool?)
    }

    /// How the next token is chosen. Numbers as the caller spelled them; nil where it left them out.
    public struct Sampling: Sendable, Hashable {
        public var temperature: JSONTree?
        public var topP: JSONTree?
        public var topK: JSONTree?
        public var presencePenalty: JSONTree?
        public var frequencyPenalty: JSONTree?
        public var seed: JSONTree?
        public var stop: [String] = []
        /// Answers asked for; nil is one.
        public var count: Int?
        public var wantsLogProbabilities: Bool?
        public var topLogProbabilities: Int?
        public var logitBias: JSONTree?

        public init() {}
    }
}
