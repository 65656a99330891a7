/// One chat completion as the caller asked for it: the caller's own bytes, and where in them the few fields
/// stand that routing needs.
public struct ChatCall: Sendable {
    /// The request body, exactly as it came.
    public let body: [UInt8]
    /// The places of the top-level fields in `body`.
    public let fields: JSONFields
    /// What `model` asks for, decoded.
    public let model: String
    public let isStreaming: Bool

    public init(body: [UInt8], fields: JSONFields, model: String, isStreaming: Bool) {
        self.body = body
        self.fields = fields
        self.model = model
        self.isStreaming = isStreaming
    }
}
