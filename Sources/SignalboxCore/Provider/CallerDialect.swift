/// How a caller speaks that does not speak OpenAI's dialect: how what it gets is written.
///
/// Its requests are translated to OpenAI's bytes where they come in, and its answers back again behind the
/// adapter. An adapter whose vendor speaks the same dialect (``ProviderAdapter/speaks(_:)``) takes the
/// caller's own bytes from ``ChatCall/native`` instead, and nothing is translated or lost.
public protocol CallerDialect: Sendable {
    /// Writes a whole answer.
    /// - Parameter completion: in OpenAI's dialect.
    /// - Throws: of kind `malformedReply` what the dialect cannot say.
    func answer(_ completion: [UInt8], requestID: String) throws(UpstreamFailure) -> [UInt8]

    /// Writes one streamed answer.
    /// - Parameter isNative: its events are in this dialect already.
    func streamRenderer(requestID: String, isNative: Bool) -> any StreamRenderer

    func error(_ error: CallerError, requestID: String) -> [UInt8]

    /// The last event of a stream that broke, framed.
    func errorEvent(_ error: CallerError, requestID: String) -> [UInt8]

    /// What every reply carries besides `x-request-id`.
    func headers(requestID: String) -> [(name: String, value: String)]
}

/// What a caller is told of an error, in no dialect.
public struct CallerError: Sendable {
    /// The HTTP status.
    public var status: Int
    public var code: String
    public var message: String
    /// The field of the request that is at fault.
    public var parameter: String?
    /// A JSON array of what was tried; nil where nobody was asked.
    public var attempts: [UInt8]?

    public init(
        status: Int, code: String, message: String, parameter: String? = nil, attempts: [UInt8]? = nil
    ) {
        self.status = status
        self.code = code
        self.message = message
        self.parameter = parameter
        self.attempts = attempts
    }
}

/// Writes one streamed answer in a caller's dialect, framing included.
public protocol StreamRenderer: Sendable {
    /// Appends what the payload `bytes[range]` of one event becomes.
    /// - Throws: what the dialect cannot say.
    mutating func append(
        _ bytes: [UInt8], in range: Range<Int>, to output: inout [UInt8]
    ) throws(UpstreamFailure)

    /// Appends the end of an answer that is whole.
    mutating func end(to output: inout [UInt8])
}

/// A request as its caller sent it, in a dialect that is not OpenAI's.
public final class NativeRequest: Sendable {
    public let dialect: any CallerDialect
    /// The body's top-level fields, and its bytes.
    public let fields: JSONFields
    /// For a provider that speaks the dialect, besides its own headers.
    public let headers: [(name: String, value: String)]
    /// The refusal that is due where the provider does not speak the dialect: something in the request was
    /// left out of the translation.
    public let untranslated: UpstreamFailure?

    public init(
        _ dialect: any CallerDialect, fields: JSONFields, headers: [(name: String, value: String)] = [],
        untranslated: UpstreamFailure? = nil
    ) {
        self.dialect = dialect
        self.fields = fields
        self.headers = headers
        self.untranslated = untranslated
    }
}
