import CLinux
import Glibc
public import SignalboxCore

extension ListenAddress {
    func bindAndListen(backlog: Int32) throws(ListenError) -> (Int32, ListenAddress) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE
        hints.ai_socktype = signalbox_socket_stream
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        guard status == 0, let info = found else {
            throw ListenError(address: self, reason: String(cString: gai_strerror(status)))
        }
        defer { freeaddrinfo(found) }
        let descriptor = signalbox_socket(
            info.pointee.ai_family, info.pointee.ai_socktype, info.pointee.ai_protocol)
        guard descriptor >= 0 else { throw ListenError(address: self, code: errno) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if info.pointee.ai_family == AF_INET6 {
            // [::] means IPv6 alone: who wants both names both.
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, size)
        }
        guard bind(descriptor, info.pointee.ai_addr, info.pointee.ai_addrlen) == 0,
            listen(descriptor, backlog) == 0
        else {
            let code = errno
            close(descriptor)
            throw ListenError(address: self, code: code)
        }
        return (descriptor, with(port: ListenAddress.boundPort(of: descriptor)))
    }

    private static func boundPort(of descriptor: Int32) -> UInt16 {
        var address = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &address) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        precondition(result == 0, "a bound socket has a name")
        // sin_port and sin6_port stand at the same place.
        return withUnsafeBytes(of: &address) { UInt16($0[2]) << 8 | UInt16($0[3]) }
    }
}

/// An address that could not be listened on, and why.
public struct ListenError: Error, Sendable, CustomStringConvertible {
    public let address: ListenAddress
    public let reason: String

    init(address: ListenAddress, reason: String) {
        self.address = address
        self.reason = reason
    }

    init(address: ListenAddress, code: Int32) {
        self.init(address: address, reason: String(cString: strerror(code)))
    }

    public var description: String {
        "cannot listen on \(address): \(reason)"
    }
}
