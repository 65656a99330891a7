import CLinux
import Glibc
import SignalboxCore

/// A listening TCP socket whose connections are handed to the loops in turn.
///
/// One acceptor balances few long connections better than a socket for each thread (`SO_REUSEPORT`) would,
/// where the kernel's hash decides.
final class Listener: Pollable, @unchecked Sendable {
    // @unchecked: touched by its loop's thread only, after `open`.

    let address: ListenAddress
    private let descriptor: Int32
    private let loop: EventLoop
    private let accepted: (Int32, sockaddr_storage, socklen_t) -> Void
    /// Called for a connection that was closed because the process has no descriptor left.
    private let refused: () -> Void
    private var isOpen = true
    /// Kept for the moment when there is no other.
    private var spare: Int32

    /// Connections that wait to be accepted; the kernel refuses further ones.
    private static let backlog: Int32 = 1024

    /// Binds and listens; connections come only after ``start()``.
    init(
        on wanted: ListenAddress, loop: EventLoop,
        accepted: @escaping (Int32, sockaddr_storage, socklen_t) -> Void, refused: @escaping () -> Void
    ) throws(ListenError) {
        (descriptor, address) = try wanted.bindAndListen(backlog: Listener.backlog)
        self.loop = loop
        self.accepted = accepted
        self.refused = refused
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    func start() throws(SystemError) {
        try loop.poller.watch(descriptor, for: signalbox_epoll_in, handler: self)
    }

    func ready(_ descriptor: Int32, _ events: UInt32) {
        while isOpen {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let socket = signalbox_accept(descriptor, &address, &length)
            guard socket >= 0 else {
                if errno == EMFILE || errno == ENFILE, refuseOne() { continue }
                return
            }
            var on: Int32 = 1
            setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            accepted(socket, address, length)
        }
    }

    /// No descriptor is left: gives up the spare one to take the connection that waits, and closes that.
    ///
    /// Left waiting, it would wake the loop again at once, and for ever; its client would wait as long.
    private func refuseOne() -> Bool {
        close(spare)
        let socket = signalbox_accept(descriptor, nil, nil)
        if socket >= 0 {
            close(socket)
            refused()
        }
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        return socket >= 0 && spare >= 0
    }

    func stop() {
        guard isOpen else { return }
        isOpen = false
        close(spare)
        loop.poller.unwatch(descriptor)
        close(descriptor)
    }
}
