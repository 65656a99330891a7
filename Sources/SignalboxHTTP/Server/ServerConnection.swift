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

    let descriptor: Int32
    private(set) var phase: Phase = .resting(fresh: true)
    private(set) var since: Instant
    /// The request being handled or answered; cleared when it is completed.
    var exchange: Exchange?
    /// Its place in the server's list.
    var position = 0
    var isWatchedForHangUp = false
    /// Until libmicrohttpd has let go of it.
    var isOpen = true
    /// The server has closed it.
    var isHungUp = false

    init(descriptor: Int32, since: Instant) {
        self.descriptor = descriptor
        self.since = since
    }

    /// The client hung up while its request waited for a provider.
    func ready(_ descriptor: Int32, _ events: UInt32) {
        if events & signalbox_epoll_hang_up != 0 { exchange?.clientLeft() }
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
