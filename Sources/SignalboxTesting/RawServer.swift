import Glibc
import Synchronization

/// A TCP server on a loopback port that does to each connection what the test says: on a thread of its own,
/// blocking.
public final class RawServer: Sendable {
    public let port: Int
    private let listener: Int32
    private let state = Mutex(State())
    private let script: @Sendable (RawSocket) -> Void

    private struct State {
        var open: [RawSocket] = []
        var accepted = 0
        var isStopped = false
    }

    /// - Parameter script: run for each connection; it is closed when the script returns.
    public init(_ script: @escaping @Sendable (RawSocket) -> Void) throws(RawSocketError) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw RawSocketError("socket") }
        var address = RawSocket.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else {
            let error = RawSocketError("bind")
            close(listener)
            throw error
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.script = script
        RawThread.start { self.acceptConnections() }
    }

    /// Connections accepted so far.
    public var accepted: Int { state.withLock { $0.accepted } }

    /// Stops to accept and ends every connection, which ends the scripts.
    public func stop() {
        let open = state.withLock { state in
            state.isStopped = true
            defer { state.open = [] }
            return state.open
        }
        for socket in open { socket.shutDown() }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func acceptConnections() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let socket = RawSocket(descriptor: descriptor)
            let isWanted = state.withLock { state in
                state.accepted += 1
                state.open.append(socket)
                return !state.isStopped
            }
            guard isWanted else { break }
            RawThread.start {
                self.script(socket)
                self.state.withLock { $0.open.removeAll { $0 === socket } }
                socket.shutDown()
            }
        }
        close(listener)
    }
}

/// A plain thread for blocking test code.
public enum RawThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    /// Runs `run` on a thread that nobody waits for.
    public static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let result = pthread_create(&thread, nil, rawThreadEntry, body.toOpaque())
        precondition(result == 0, "a test machine has threads")
        pthread_detach(thread)
    }

    private static let rawThreadEntry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? =
        {
            if let context = $0 { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }
}
