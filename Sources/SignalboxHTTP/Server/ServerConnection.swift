import CLinux
import SignalboxCore
import SignalboxTelemetry

/// What the server knows of one client connection: what it is busy with, and since when.
///
/// Confined to its loop's thread. Lives from the connection's start to its end.
final class ServerConnection: Pollable {
    enum Phase {
        /// Nothing of a request has come yet; `fresh` where none ever did.
        case resting(fresh: Bool)
        case header
        case body
        /// The handler has the request.
        case handling
        /// The reply is on its way.
        case replying
    }

    /// Whether libmicrohttpd looks at it: see ``LoopServer/setAside(_:)``.
    enum Place {
        case active
        /// To be suspended after libmicrohttpd's run.
        case leaving
        /// The handler has its request.
        case suspended
        /// It rests between two requests: what comes in wakes it.
        case parked
    }

    let descriptor: Int32
    /// libmicrohttpd's; valid while it is open.
    let connection: OpaquePointer
    private unowned let room: LoopServer
    private(set) var phase: Phase = .resting(fresh: true)
    private(set) var since: Instant
    /// The request being handled or answered; cleared when it is completed.
    var exchange: Exchange?
    /// Its place in the server's list.
    var position = 0
    var place = Place.active
    var isWatchedForHangUp = false
    var isWatchedForInput = false
    /// Something has come in since the request was whole.
    var hasEarlyInput = false
    /// The loop's turn in which the request was whole.
    private var handledTurn: UInt = 0
    /// Until libmicrohttpd has let go of it.
    var isOpen = true
    /// The server has closed it.
    var isHungUp = false

    init(_ connection: OpaquePointer, descriptor: Int32, room: LoopServer) {
        self.connection = connection
        self.descriptor = descriptor
        self.room = room
        since = room.loop.turnStart
    }

    /// The next request comes in, or the client hung up while its request waited for a provider.
    func ready(_ descriptor: Int32, _ events: UInt32) {
        if place == .parked { return room.resume(self) }
        switch phase {
        case .handling, .replying:
            // What was seen before the request was whole is the request itself.
            let isLater = handledTurn != room.loop.turnNumber
            if isLater, events & signalbox_epoll_in != 0 { hasEarlyInput = true }
        case .resting, .header, .body: break
        }
        if events & signalbox_epoll_hang_up != 0 { exchange?.clientLeft() }
    }

    /// What its socket is watched for, beside libmicrohttpd's own watching.
    var interest: UInt32 {
        signalbox_epoll_edge | (isWatchedForInput ? signalbox_epoll_in : 0)
            | (isWatchedForHangUp ? signalbox_epoll_peer_closed : 0)
    }

    /// The client waits for a provider: its socket is suspended, and nobody would see it leave.
    var isSuspended: Bool {
        switch phase {
        case .handling: true
        case .replying: exchange?.isOwedToClient == false
        case .resting, .header, .body: false
        }
    }

    func enter(_ phase: Phase, at now: Instant) {
        if case .handling = phase { handledTurn = room.loop.turnNumber }
        self.phase = phase
        since = now
    }

    /// The limit that this connection has outstayed at `now`, if any. The handler's time is not counted here.
    func overdue(at now: Instant, limits: ServerLimits) -> RejectionReason? {
        let spent = since.duration(to: now)
        switch phase {
        case .resting(fresh: true): return spent > limits.headerTimeout ? .headerTimeout : nil
        case .resting(fresh: false): return spent > limits.idleTimeout ? .idleTimeout : nil
        case .header: return spent > limits.headerTimeout ? .headerTimeout : nil
        case .body: return spent > limits.bodyTimeout ? .bodyTimeout : nil
        case .handling: return nil
        case .replying:
            guard let exchange, exchange.isOwedToClient else { return nil }
            return spent > limits.writeTimeout ? .writeTimeout : nil
        }
    }
}
