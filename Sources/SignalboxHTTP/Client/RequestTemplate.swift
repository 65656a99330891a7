public import SignalboxCore
import Synchronization

/// Everything about a call that is the same each time, resolved when configuration loads.
///
/// Each loop keeps a few prepared curl handles for it, so that a request sets little more than its body.
public final class RequestTemplate: Sendable {
    public enum Method: Sendable, Hashable {
        /// Without a body.
        case get
        case post
    }

    public let method: Method
    /// `http:` or `https:`.
    public let url: String
    public let headers: [(name: String, value: Secret)]
    public let timeouts: TransferTimeouts
    /// Bytes of a reply's body, decoded; a larger reply is an error. Default 32 MiB.
    public let replyBytesMax: Int
    /// A PEM file of certificate authorities to trust instead of the system's.
    public let authorityFile: String?
    /// Who we are, for a server that asks: PEM files of a certificate and of its key. Default none.
    public let identity: Identity?
    /// Which addresses may be connected to; nil where any may. Each is judged as the socket is opened, by the
    /// very bytes that are connected to, and again before a kept connection is used.
    public let addressGuard: AddressGuard?

    private let retired = Atomic(false)

    /// Whether no loop should keep anything for it any more.
    var isRetired: Bool { retired.load(ordering: .acquiring) }

    /// A client's certificate.
    public struct Identity: Sendable, Equatable {
        public var certificateFile: String
        /// Nil where the key stands in the certificate's file.
        public var keyFile: String?

        public init(certificateFile: String, keyFile: String? = nil) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    public init(
        _ method: Method = .post, url: String, headers: [(name: String, value: Secret)],
        timeouts: TransferTimeouts = TransferTimeouts(),
        replyBytesMax: Int = 32 << 20, authorityFile: String? = nil, identity: Identity? = nil,
        addressGuard: AddressGuard? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.timeouts = timeouts
        self.replyBytesMax = replyBytesMax
        self.authorityFile = authorityFile
        self.identity = identity
        self.addressGuard = addressGuard
    }

    /// Nothing will be sent with it once the transfers in flight have ended: what they leave is not kept.
    /// Each loop's client ``HTTPClient/drop(_:)``s what it has already.
    public func retire() {
        retired.store(true, ordering: .releasing)
    }
}

/// A header field of one request. Free of line breaks; its value is never printed, as it may be a secret.
public struct RequestHeader: Sendable, Hashable {
    public let name: String
    /// For the one place that puts it on the wire.
    public let value: String

    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    public init(_ name: String, secret: Secret) {
        self.init(name, secret.reveal())
    }
}

extension RequestHeader: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "\(name): •••" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// How long a transfer may take, in its parts.
public struct TransferTimeouts: Sendable, Equatable {
    /// To a usable connection, TLS included. Default 2 s.
    public var connect: Duration
    /// From the start to the reply's first byte. Default 30 s.
    public var firstByte: Duration
    /// Between two pieces of the reply. Default 30 s.
    public var idle: Duration
    /// From the start to the reply's end. Default 120 s.
    public var total: Duration

    public init(
        connect: Duration = .seconds(2), firstByte: Duration = .seconds(30), idle: Duration = .seconds(30),
        total: Duration = .seconds(120)
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.total = total
    }
}
