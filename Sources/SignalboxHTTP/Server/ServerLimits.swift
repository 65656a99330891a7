public import SignalboxTelemetry

/// What a server allows its clients. Every limit that is hit is counted in
/// `signalbox_requests_rejected_total`.
public struct ServerLimits: Sendable, Equatable {
    /// Bytes of a request body, decoded. A larger one is answered 413. Default 32 MiB.
    public var bodyBytesMax = 32 << 20
    /// Bytes of request line and header fields together. More is answered 431. Default 16 KiB:
    /// libmicrohttpd clears twice that memory for each request.
    public var headerBytesMax = 16 << 10
    /// From the connection's or the request's first byte to the end of its header. Default 10 s.
    public var headerTimeout: Duration = .seconds(10)
    /// From the end of the header to the end of the body. Default 30 s.
    public var bodyTimeout: Duration = .seconds(30)
    /// How long a kept-alive connection may rest between requests. Default 75 s.
    public var idleTimeout: Duration = .seconds(75)
    /// How long a client may leave a reply untouched before its connection is closed. Default 30 s.
    public var writeTimeout: Duration = .seconds(30)
    /// Open connections in all; a further one is closed at once. Default 10,000.
    public var connectionsMax = 10_000
    /// Bytes of a streamed reply that wait for a slow client before the writer is suspended. Default 64 KiB.
    public var replyBufferBytesMax = 64 << 10

    public init() {}
}

/// What a server reports about itself, on the thread where it happens.
public protocol ServerObserver: Sendable {
    func connectionOpened()
    func connectionClosed()
    func rejected(_ reason: RejectionReason)
}
