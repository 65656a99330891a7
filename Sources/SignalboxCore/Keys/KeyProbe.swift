/// How one key of one vendor is judged: what to ask, and what the answers mean. It does no I/O, and never
/// asks for anything that could generate a token.
///
/// ```
///  begin ──▶ ask ──▶ the shell sends it ──▶ take ──▶ ask …
///    └──────────────────────────────────────────┴──▶ done
/// ```
///
/// At most ``KeyProbeRequest/countMax`` requests are asked for, one after the other.
public protocol KeyProbe: Sendable {
    /// What comes first; a key that cannot be asked about is judged at once.
    mutating func begin() -> KeyProbeStep

    /// Takes what became of the request that was asked for last.
    mutating func take(_ outcome: KeyProbeOutcome) -> KeyProbeStep
}

public enum KeyProbeStep: Sendable {
    case ask(KeyProbeRequest)
    case done(KeyReport)
}

/// What became of a request.
public enum KeyProbeOutcome: Sendable {
    /// A reply, whatever its status; redirects are not followed.
    case reply(WholeReply)
    /// None: the name, the connection, TLS or the time failed.
    case failure(UpstreamFailure)
}

public struct KeyProbeRequest: Sendable {
    public enum Method: String, Sendable, Hashable {
        case get = "GET"
        case post = "POST"
    }

    /// No probe asks for more: for a token with each of three scopes, for the models, for the balance.
    public static let countMax = 5

    public let method: Method
    public let url: String
    /// Values may hold secrets: they are never printed.
    public let headers: [(name: String, value: Secret)]
    public let body: [UInt8]
    /// A header that carries a new UUID with each request; nil where the vendor wants none.
    public let requestIDHeader: String?
    /// Set while one possibility after the other is tried.
    public let progress: KeyProbeProgress?

    public init(
        _ method: Method, _ url: String, headers: [(name: String, value: Secret)], body: [UInt8] = [],
        requestIDHeader: String? = nil, progress: KeyProbeProgress? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.requestIDHeader = requestIDHeader
        self.progress = progress
    }
}

/// Which of several possibilities is tried.
public struct KeyProbeProgress: Sendable, Hashable {
    public let scope: String
    /// From 1 to ``total``.
    public let current: Int
    public let total: Int

    public init(scope: String, current: Int, total: Int) {
        self.scope = scope
        self.current = current
        self.total = total
    }
}
