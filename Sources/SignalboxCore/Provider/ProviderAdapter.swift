/// One vendor's wire format: bytes in, values out, no I/O.
///
/// Everything that does not change between requests (address, headers) is asked for once, when configuration
/// loads. What the caller sees is OpenAI's dialect: an adapter whose vendor speaks another translates, with
/// ``Conversation``, ``ChatAnswer`` and ``ChatChunks``.
public protocol ProviderAdapter: Sendable {
    /// How the vendor divides a stream into events.
    var framing: StreamFraming { get }

    /// Where calls to `model` with `key` go; nil where the vendor has no such operation.
    func target(_ operation: CallOperation, model: String, key: Secret?) -> CallTarget?

    /// How `key` is turned into the tokens that calls carry; nil where calls carry the key itself, or
    /// nothing.
    func session(for key: Secret?) -> (any TokenSession)?

    /// How `key` is judged without a call; nil where this vendor has no way to, or where there is no vendor.
    /// - Parameter models: those that the key is wanted for.
    func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)?

    /// How it is asked whether `key` may name `model`, for nothing; nil where this vendor's list of models is
    /// all there is to ask. The name is then in the report's `details.models`, or in its `missingModels`.
    func modelProbe(_ key: Secret?, model: String) -> (any KeyProbe)?

    /// The body of one attempt. A vendor that speaks the caller's dialect gets the caller's bytes; only what
    /// must change is spliced.
    /// - Throws: of kind `invalidRequest`, naming the field, what the vendor cannot express.
    func encode(_ call: ChatCall, model: String) throws(UpstreamFailure) -> [UInt8]

    /// Judges a complete, unstreamed reply.
    func judge(_ reply: WholeReply, to call: ChatCall) -> Result<JudgedReply, UpstreamFailure>

    /// Decodes one streamed reply (status 200); a reply with another status goes to ``judge(_:to:)``.
    func streamDecoder(for call: ChatCall, _ opening: StreamOpening) -> any StreamDecoder

    /// Whether the vendor speaks it: then a call in it is encoded from ``ChatCall/native``, and its answer is
    /// handed over as it came.
    func speaks(_ dialect: any CallerDialect) -> Bool

    /// What `model` makes of a conversation that ends in the assistant's own words. Where nobody knows, it is
    /// ``Prefill/refused``: a request that breaks is better than an answer with two beginnings.
    func prefill(model: String) -> Prefill

    /// What a reply's header says of the limits on the key that was used.
    func limits(in headers: HeaderBlock, at now: WallTime) -> RateLimits
}

extension ProviderAdapter {
    public var framing: StreamFraming { .serverSentEvents }

    public func speaks(_ dialect: any CallerDialect) -> Bool { false }

    public func session(for key: Secret?) -> (any TokenSession)? { nil }

    public func probe(_ key: Secret?, models: [String]) -> (any KeyProbe)? { nil }

    public func modelProbe(_ key: Secret?, model: String) -> (any KeyProbe)? { nil }

    public func prefill(model: String) -> Prefill { .refused }

    public func limits(in headers: HeaderBlock, at now: WallTime) -> RateLimits { RateLimits() }
}

/// What is asked of a provider.
public enum CallOperation: Sendable, Hashable, CaseIterable {
    case chat
    /// A chat whose answer is streamed: some vendors have another address for it.
    case chatStream
    case embeddings
}

/// How a stream is divided into events.
public enum StreamFraming: Sendable, Hashable {
    case serverSentEvents
    /// A JSON text a line.
    case jsonLines
}

/// Where the bytes of an attempt go.
public enum CallTarget: Sendable {
    /// A POST over the network. Header values may hold secrets: they are never printed.
    case http(url: String, headers: [(name: String, value: Secret)])
    /// No network: the reply is played from a script (the `mock` kind).
    case script(@Sendable (ChatCall) -> ReplyScript)
    /// The embedding program calls, with this key (the `custom` kind): see ``CustomProvider``.
    case embedder(key: Secret?)
}

/// A complete reply as it came.
public struct WholeReply: Sendable {
    public let status: Int
    public let headers: HeaderBlock
    public let body: [UInt8]
    /// For a Retry-After that names a date, and for the `created` of translated answers.
    public let receivedAt: WallTime
    /// What a translated answer is called where the vendor gives it no name.
    public let requestID: String

    public init(
        status: Int, headers: HeaderBlock, body: [UInt8], receivedAt: WallTime, requestID: String = ""
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
        self.requestID = requestID
    }
}

/// What is known of a stream before its first event.
public struct StreamOpening: Sendable {
    public let receivedAt: WallTime
    public let requestID: String

    public init(receivedAt: WallTime, requestID: String = "") {
        self.receivedAt = receivedAt
        self.requestID = requestID
    }
}

/// A good reply.
public struct JudgedReply: Sendable, Equatable {
    public var summary: ReplySummary
    /// The answer in OpenAI's dialect; nil where the reply goes out as it came.
    public var body: [UInt8]?
    /// The reply is in the caller's own dialect; else it, or `body`, is in OpenAI's.
    public var isNative: Bool

    public init(_ summary: ReplySummary, body: [UInt8]? = nil, isNative: Bool = false) {
        self.summary = summary
        self.body = body
        self.isNative = isNative
    }
}

/// What a complete reply says beside its text.
public struct ReplySummary: Sendable, Equatable {
    public var usage: TokenUsage?
    public var finishReason: String?
    /// The model that answered, as the provider names it.
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

extension TokenUsage {
    /// No answer has more. A provider's number is believed up to here: sums of larger ones would not fit.
    public static let countMax = 1_000_000_000_000

    /// What a provider's number counts for.
    public static func count(_ number: Int) -> Int {
        min(max(0, number), countMax)
    }
}

extension JSONTree {
    /// A count of tokens, from 0 to ``TokenUsage/countMax``; nil for what is no whole number.
    public var tokenCount: Int? { integer.map(TokenUsage.count) }
}

/// Follows one streamed reply, event by event.
public protocol StreamDecoder: Sendable {
    /// The latest usage seen on any chunk, and the finish reason.
    var summary: ReplySummary { get }

    /// Judges the data of one event, which is `bytes[range]`.
    mutating func decode(_ bytes: [UInt8], in range: Range<Int>) -> StreamStep

    /// Whether a stream that ends here, without its terminator, was nevertheless whole.
    var isCompleteWithoutTerminator: Bool { get }

    /// Whether the payloads are in the caller's own dialect; else they are in OpenAI's.
    var isNative: Bool { get }
}

extension StreamDecoder {
    public var isNative: Bool { false }
}

/// What to do with one event of a stream.
public enum StreamStep: Sendable, Equatable {
    /// Pass the data on. `hasDelta` is true where it carries content that a caller would see: from the first
    /// such event on, the reply cannot be redone elsewhere unnoticed.
    case forward(hasDelta: Bool)
    /// Send these payloads instead (none: the event is not for the caller), chunks of OpenAI's dialect each.
    case replace([[UInt8]], hasDelta: Bool)
    /// The vendor's terminator: the reply is whole.
    case done
    /// The same, behind a last few payloads.
    case last([[UInt8]])
    /// Not in the vendor's format: skipped and counted.
    case malformed
    /// An error inside the stream.
    case failure(UpstreamFailure)
}
