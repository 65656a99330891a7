/// One request as the caller asked for it: the caller's own bytes, and where in them the few fields stand
/// that routing needs.
///
/// Shared, since it never changes: every room that a request goes through keeps it.
public final class ChatCall: Sendable {
    /// The request body in OpenAI's dialect: exactly as it came, or translated from the caller's dialect.
    public let body: [UInt8]
    /// The places of the top-level fields in `body`.
    public let fields: JSONFields
    /// What `model` asks for, decoded.
    public let model: String
    public let operation: CallOperation
    /// What the caller sent, where it does not speak OpenAI's dialect.
    public let native: NativeRequest?
    /// Nil where the caller says nothing of it.
    public let priority: RequestPriority?
    /// How the answer has begun at another provider: the words of the last message. Nil for one that is to
    /// begin.
    public let begun: String?

    public init(
        body: [UInt8], fields: JSONFields, model: String, operation: CallOperation,
        native: NativeRequest? = nil, priority: RequestPriority? = nil, begun: String? = nil
    ) {
        self.begun = begun
        self.native = native
        self.body = body
        self.fields = fields
        self.model = model
        self.operation = operation
        self.priority = priority
    }

    public convenience init(
        body: [UInt8], fields: JSONFields, model: String, isStreaming: Bool, priority: RequestPriority? = nil
    ) {
        self.init(
            body: body, fields: fields, model: model, operation: isStreaming ? .chatStream : .chat,
            priority: priority)
    }

    public var isStreaming: Bool { operation == .chatStream }

    /// Whether the caller wants the usage of a stream told in a last chunk.
    public var wantsStreamUsage: Bool {
        fields.object("stream_options")?.bool("include_usage") ?? false
    }
}
