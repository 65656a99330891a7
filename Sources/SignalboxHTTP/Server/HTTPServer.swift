import Glibc
public import SignalboxCore
public import SignalboxTelemetry

/// An HTTP/1.1 server on every loop of a group.
///
/// Bad framing, over-long headers and the like are answered by libmicrohttpd itself; every limit of
/// ``ServerLimits`` is kept by the server; what is left reaches the handler.
public final class HTTPServer: Sendable {
    /// Where it really listens, chosen ports filled in.
    public let addresses: [ListenAddress]
    private let listeners: [Listener]
    private let rooms: [LoopServer]
    private let acceptor: EventLoop

    /// Binds the addresses. Connections are accepted only after ``start()``.
    /// - Parameters:
    ///   - tls: what to prove itself with over TLS; nil to speak plain HTTP.
    ///   - rejection: the reply where the server itself refuses a request.
    ///   - handler: called for each request, in a task on the connection's loop.
    /// - Throws: ``ListenError`` for an address that cannot be had, or a certificate and key that cannot be
    ///   used.
    public init(
        group: EventLoopGroup, addresses: [ListenAddress], limits: ServerLimits, tls: ServerTLS? = nil,
        observer: any ServerObserver, rejection: @escaping @Sendable (RejectionReason, Exchange) -> Reply,
        handler: @escaping @Sendable (Exchange) async -> Void
    ) throws(ListenError) {
        if let tls, let address = addresses.first {
            guard tls.isUsable else { throw ListenError(address: address, reason: ServerTLS.flaw) }
        }
        var share = limits
        share.connectionsMax = max(1, limits.connectionsMax / group.loops.count)
        rooms = group.loops.map {
            LoopServer(
                loop: $0, limits: share, tls: tls, observer: observer, rejection: rejection, handler: handler)
        }
        acceptor = group.loops[0]
        let rooms = rooms
        var turn = 0
        let hand: (Int32, sockaddr_storage, socklen_t) -> Void = { socket, address, length in
            turn = (turn + 1) % rooms.count
            let room = rooms[turn]
            if room.loop.isCurrent {
                room.adopt(socket, address: address, length: length)
            } else {
                room.loop.execute { room.adopt(socket, address: address, length: length) }
            }
        }
        var listeners: [Listener] = []
        for address in addresses {
            listeners.append(
                try Listener(
                    on: address, loop: acceptor, accepted: hand,
                    refused: { observer.rejected(.connectionLimit) }))
        }
        self.listeners = listeners
        self.addresses = listeners.map(\.address)
    }

    /// Starts to serve. Not from a loop.
    public func start() async throws(SystemError) {
        for room in rooms { try await room.loop.perform { () throws(SystemError) in try room.start() } }
        for listener in listeners {
            try await acceptor.perform { () throws(SystemError) in try listener.start() }
        }
    }

    /// Puts other limits in force on one loop, but for ``ServerLimits/headerBytesMax`` and
    /// ``ServerLimits/connectionsMax``, which stay. On that loop's thread.
    public func change(_ limits: ServerLimits, on loop: EventLoop) {
        rooms[loop.index].change(limits)
    }

    /// Stops to accept, lets the requests in flight end, and ends those that have not after `limit`.
    ///
    /// Not from a loop. The server cannot be started again.
    public func drain(within limit: Duration) async {
        for listener in listeners { await acceptor.perform { listener.stop() } }
        await withTaskGroup(of: Void.self) { group in
            for room in rooms { group.addTask { await HTTPServer.drain(room, within: limit) } }
        }
        for room in rooms { await room.loop.perform { room.stop() } }
    }

    private static func drain(_ room: LoopServer, within limit: Duration) async {
        let loop = room.loop
        let overtime = loop.spawn {
            do throws(CancellationError) {
                try await loop.sleep(for: limit)
                room.abandon()
            } catch {
                return  // drained in time
            }
        }
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            loop.execute { room.drain { done.resume() } }
        }
        overtime.cancel()
        await overtime.value
    }
}
