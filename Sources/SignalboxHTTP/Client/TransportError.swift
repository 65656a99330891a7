public import SignalboxCore

/// Why a transfer did not bring a whole reply.
public enum TransportError: Error, Sendable, Equatable {
    /// The name has no address, or nobody listens there.
    case unreachable(String)
    /// Every address of the name is one that the request's ``AddressGuard`` refuses. Nothing was sent.
    case forbidden(AddressGuard.Refusal)
    /// The connection is not to be trusted: certificate, name or protocol.
    case tls(String)
    /// The connection ended before the reply's first byte.
    case reset(String)
    /// The connection ended within the reply.
    case cut(String)
    case timeout(TimeoutPhase)
    /// The reply is larger than the request allows.
    case tooLarge(limit: Int)
    /// The reply is not HTTP, or its content coding is broken.
    case malformed(String)
    case cancelled
    /// Nothing that the other side did: memory, descriptors, a wrong URL.
    case local(String)
}

extension TransportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unreachable(let detail): "cannot connect: \(detail)"
        case .forbidden(let refusal): "\(refusal)"
        case .tls(let detail): "TLS failed: \(detail)"
        case .reset(let detail): "connection lost before the reply: \(detail)"
        case .cut(let detail): "connection lost within the reply: \(detail)"
        case .timeout(.connect): "no connection within the connect timeout"
        case .timeout(.firstByte): "no first byte within the first-token timeout"
        case .timeout(.idle): "the reply stalled for longer than the idle timeout"
        case .timeout(.total): "no whole reply within the total timeout"
        case .tooLarge(let limit): "the reply is larger than \(limit) bytes"
        case .malformed(let detail): "the reply is not HTTP as it should be: \(detail)"
        case .cancelled: "cancelled"
        case .local(let detail): "could not be sent: \(detail)"
        }
    }
}

extension UpstreamFailure {
    /// What a transfer's failure means for routing, as long as no delta has been passed on.
    package init(_ error: TransportError, status: Int) {
        let kind: FailureKind =
            switch error {
            case .unreachable, .forbidden, .tls, .reset, .local: .unreachable
            case .timeout(let phase): .timeout(phase)
            case .cut, .tooLarge, .malformed: .malformedReply
            case .cancelled: .cancelled
            }
        self.init(kind, message: "\(error)", status: status == 0 ? nil : status)
    }
}
