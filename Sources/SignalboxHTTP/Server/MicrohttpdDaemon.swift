import CLinux
import CMicrohttpd
import Glibc
import SignalboxCore

/// Owns one libmicrohttpd daemon in external-epoll mode: no thread, no listening socket of its own.
///
/// Confined to its loop's thread.
final class MicrohttpdDaemon {
    private let handle: OpaquePointer
    let descriptor: Int32

    /// - Parameter context: handed to every callback; must outlive the daemon.
    init(
        context: UnsafeMutableRawPointer?, connectionsMax: Int, connectionMemory: Int, tls: ServerTLS?
    ) throws(SystemError) {
        let start = { (certificate: UnsafePointer<CChar>?, key: UnsafePointer<CChar>?) in
            signalbox_mhd_start(
                accessHandler, requestCompleted, connectionChanged, requestLineRead, context,
                UInt32(clamping: connectionsMax), connectionMemory, certificate, key)
        }
        let started =
            if let tls {
                tls.certificate.withCString { certificate in
                    tls.key.reveal().withCString { start(certificate, $0) }
                }
            } else {
                start(nil, nil)
            }
        guard let handle = started else { throw SystemError("MHD_start_daemon") }
        self.handle = handle
        descriptor = signalbox_mhd_epoll_descriptor(handle)
        precondition(descriptor >= 0, "this libmicrohttpd was built without epoll")
    }

    /// Every suspended connection must have been resumed.
    deinit {
        MHD_stop_daemon(handle)
    }

    /// Hands a connected socket over; it is closed on failure, too.
    func add(_ socket: Int32, address: UnsafePointer<sockaddr>, length: socklen_t) -> Bool {
        MHD_add_connection(handle, socket, address, length) == .YES
    }

    func run() {
        let result = MHD_run(handle)
        assert(result == .YES, "MHD_run works in external-epoll mode only")
    }

    /// Whether connections are left over for an immediate further run.
    var hasWorkLeft: Bool {
        var milliseconds: UInt64 = 0
        return MHD_get_timeout(handle, &milliseconds) == .YES && milliseconds == 0
    }
}

// MARK: Callbacks: file-level, so that they inherit nobody's isolation.

private func room(_ context: UnsafeMutableRawPointer?) -> LoopServer? {
    context.map { Unmanaged<LoopServer>.fromOpaque($0).takeUnretainedValue() }
}

private func connectionChanged(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ socketContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_ConnectionNotificationCode
) {
    guard let room = room(context), let connection, let socketContext else { return }
    if code == .CONNECTION_NOTIFY_STARTED {
        let entry = ServerConnection(
            connection, descriptor: signalbox_mhd_socket(connection), room: room)
        socketContext.pointee = Unmanaged.passRetained(entry).toOpaque()
        room.opened(entry)
    } else if let opaque = socketContext.pointee {
        socketContext.pointee = nil
        room.closed(Unmanaged<ServerConnection>.fromOpaque(opaque).takeRetainedValue())
    }
}

private func requestLineRead(
    _ context: UnsafeMutableRawPointer?, _ uri: UnsafePointer<CChar>?, _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let context, let connection, let entry = signalbox_mhd_socket_context(connection) else {
        return nil
    }
    let now = Unmanaged<LoopServer>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.loop.turnStart }
    Unmanaged<ServerConnection>.fromOpaque(entry)._withUnsafeGuaranteedRef { $0.enter(.header, at: now) }
    return nil
}

private func entry(of connection: OpaquePointer) -> ServerConnection? {
    signalbox_mhd_socket_context(connection).map {
        Unmanaged<ServerConnection>.fromOpaque($0).takeUnretainedValue()
    }
}

private func accessHandler(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?, _ url: UnsafePointer<CChar>?,
    _ method: UnsafePointer<CChar>?, _ version: UnsafePointer<CChar>?, _ upload: UnsafePointer<CChar>?,
    _ uploadSize: UnsafeMutablePointer<Int>?,
    _ requestContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let connection, let uploadSize, let requestContext else { return .NO }
    if let opaque = requestContext.pointee {
        // libmicrohttpd holds it until `requestCompleted`.
        return Unmanaged<Exchange>.fromOpaque(opaque)._withUnsafeGuaranteedRef { exchange in
            guard uploadSize.pointee > 0 else { return exchange.advance() ? .YES : .NO }
            guard let upload else { return .NO }
            let chunk = UnsafeRawBufferPointer(start: upload, count: uploadSize.pointee)
            uploadSize.pointee = 0
            return exchange.receive(chunk) ? .YES : .NO
        }
    }
    guard let room = room(context), let url, let method, let entry = entry(of: connection) else {
        return .NO
    }
    let exchange = Exchange(
        room: room, entry: entry, connection: connection, method: String(cString: method),
        path: String(cString: url))
    requestContext.pointee = Unmanaged.passRetained(exchange).toOpaque()
    return exchange.begin() ? .YES : .NO
}

private func requestCompleted(
    _ context: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ requestContext: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ code: MHD_RequestTerminationCode
) {
    guard let requestContext, let opaque = requestContext.pointee else { return }
    requestContext.pointee = nil
    Unmanaged<Exchange>.fromOpaque(opaque).takeRetainedValue().completed(
        whole: code == .REQUEST_TERMINATED_COMPLETED_OK)
}
