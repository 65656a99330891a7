/// How a vendor that wants short-lived tokens instead of the key itself gives them out: bytes in, values out,
/// no I/O.
public protocol TokenSession: Sendable {
    /// Where a token is asked for. Header values may hold secrets: they are never printed.
    var url: String { get }
    var headers: [(name: String, value: Secret)] { get }

    /// A header that carries a new UUID with each request; nil where the vendor wants none.
    var requestIDHeader: String? { get }

    /// The bodies that may be asked with, in the order in which they are tried; at least one. Which of them
    /// worked is remembered.
    var bodies: [[UInt8]] { get }

    /// How long a token is taken to last where the vendor's word on it cannot be believed.
    var usualLifetime: Duration { get }

    /// Between two requests for tokens to this vendor, whatever the key.
    var requestInterval: Duration { get }

    func judge(_ reply: WholeReply) -> TokenReply

    /// The header field that a call with this token carries.
    func authorization(_ token: Secret) -> (name: String, value: Secret)
}

/// What a vendor answers who asks for a token.
public enum TokenReply: Sendable, Equatable {
    /// - Parameter expiresAt: nil where the vendor does not say.
    case token(Secret, expiresAt: WallTime?)
    /// Not with this body; with the next one, perhaps.
    case otherBody(UpstreamFailure)
    case failure(UpstreamFailure)

    /// Nil where a token came.
    public var failure: UpstreamFailure? {
        switch self {
        case .token: nil
        case .otherBody(let failure), .failure(let failure): failure
        }
    }
}
