/// One vendor's wire format: bytes in, values out, no I/O.
///
/// Everything that does not change between requests (address, headers) is asked for once, when configuration
/// loads.
public protocol ProviderAdapter: Sendable {
    /// Where calls to `model` with `key` go.
    func target(model: String, key: Secret?) -> CallTarget

    /// The body of one attempt. `call` keeps the caller's bytes; only what must change is spliced.
    func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8]

    /// Judges a complete, unstreamed reply. `now` is for a Retry-After that names a date.
    func judge(
        status: Int, headers: HeaderBlock, body: [UInt8], at now: WallTime
    ) -> Result<ReplySummary, UpstreamFailure>

    /// Decodes one streamed reply (status 200); a reply with another status goes to
    /// ``judge(status:headers:body:at:)``.
    func streamDecoder() -> any StreamDecoder
}

/// Where the bytes of an attempt go.
public enum CallTarget: Sendable {
    /// A POST over the network. Header values may hold secrets: they are never printed.
    case http(url: String, headers: [(name: String, value: Secret)])
    /// No network: the reply is played from a script (the `mock` kind).
    case script(@Sendable (ChatCall) -> ReplyScript)
}

/// What a complete reply says beside its text.
public struct ReplySummary: Sendable, Equatable {
    public var usage: TokenUsage?
    public var finishReason: String?
    /// The model that the provider says has answered. Its own word: never a metric's label as it is.
    public var model: String?

    public init(usage: TokenUsage? = nil, finishReason: String? = nil, model: String? = nil) {
        self.usage = usage
        self.finishReason = finishReason
        self.model = model
    }
}

/// Tokens as the provider counted them. Cached, cache-write and reasoning tokens are parts of the two sums,
/// never added to them.
public struct TokenUsage: Sendable, Hashable {
    public var promptTokens: Int
    public var completionTokens: Int
    public var cachedTokens: Int
    public var cacheWriteTokens: Int
    public var reasoningTokens: Int

    public init(
        promptTokens: Int, completionTokens: Int, cachedTokens: Int = 0, cacheWriteTokens: Int = 0,
        reasoningTokens: Int = 0
    ) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.cachedTokens = cachedTokens
        self.cacheWriteTokens = cacheWriteTokens
        self.reasoningTokens = reasoningTokens
    }
}

/// Follows one streamed reply, event by event.
public protocol StreamDecoder: Sendable {
    /// The latest usage seen on any chunk, and the finish reason.
    var summary: ReplySummary { get }

    /// Judges the data of one server-sent event, which is `bytes[range]`.
    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep

    /// Whether a stream that ends here, without its terminator, was nevertheless whole.
    var isCompleteWithoutTerminator: Bool { get }
}

/// What to do with one event of a stream.
public enum StreamStep: Sendable, Equatable {
    /// Pass the data on. `hasDelta` is true where it carries content that a caller would see: from the first
    /// such event on, the reply cannot be redone elsewhere unnoticed.
    case forward(hasDelta: Bool)
    /// The vendor's terminator: the reply is whole.
    case done
    /// Not in the vendor's format: skipped and counted.
    case malformed
    /// An error inside the stream.
    case failure(UpstreamFailure)
}
