import Glibc

/// A connected TCP socket for tests that must send what no HTTP library would. Blocking, every wait bounded.
public final class RawSocket: @unchecked Sendable {
    // @unchecked: used by one thread at a time; `shutDown` may come from another, which the kernel allows.

    private let descriptor: Int32
    /// Received, but not asked for yet.
    private var unread: [UInt8] = []
    /// Whether a read has ended with the peer's reset.
    public private(set) var wasReset = false

    /// No wait lasts longer than this: a test that would hang fails instead.
    public static let patience = 10

    public init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: RawSocket.patience, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
    }

    deinit {
        close(descriptor)
    }

    /// Connects to a loopback port of IPv4 or IPv6.
    /// - Parameter receiveBufferBytes: the kernel's buffer, where a test must fill it.
    public static func connect(
        port: Int, isIPv6: Bool = false, receiveBufferBytes: Int32? = nil
    ) throws(RawSocketError) -> RawSocket {
        let descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw RawSocketError("socket") }
        if var bytes = receiveBufferBytes {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        let result = isIPv6 ? connect6(descriptor, port: port) : connect4(descriptor, port: port)
        guard result == 0 else {
            let error = RawSocketError("connect")
            close(descriptor)
            throw error
        }
        return RawSocket(descriptor: descriptor)
    }

    private static func connect4(_ descriptor: Int32, port: Int) -> Int32 {
        var address = loopback(port: port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func connect6(_ descriptor: Int32, port: Int) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = UInt16(port).bigEndian
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
        return address
    }

    /// Sends everything; false where the peer has closed.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    public func write(_ text: String) -> Bool {
        write(Array(text.utf8))
    }

    /// What has come, at most `max` bytes; empty at the end of the stream, nil when patience ran out or on a
    /// reset.
    public func read(max: Int = 65_536) -> [UInt8]? {
        if !unread.isEmpty {
            let bytes = Array(unread.prefix(max))
            unread.removeFirst(bytes.count)
            return bytes
        }
        return receive(max: max)
    }

    private func receive(max: Int) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: max)
        let count = recv(descriptor, &buffer, max, 0)
        if count < 0 { wasReset = errno == ECONNRESET || errno == EPIPE }
        return count < 0 ? nil : Array(buffer[..<count])
    }

    /// Reads to the peer's close and returns it all.
    public func readToEnd() -> String {
        var all: [UInt8] = []
        while let more = read(), !more.isEmpty { all += more }
        return String(decoding: all, as: UTF8.self)
    }

    /// Reads until `text` has come; what was read so far, also where the stream ended before.
    public func read(until text: String) -> String {
        var all = ""
        while !all.contains(text), let more = read(), !more.isEmpty {
            all += String(decoding: more, as: UTF8.self)
        }
        return all
    }

    /// The next bytes up to and with `mark`; nil where the stream ends before.
    func take(through mark: [UInt8]) -> [UInt8]? {
        var from = 0
        while true {
            while from + mark.count <= unread.count {
                if unread[from..<from + mark.count].elementsEqual(mark) {
                    let taken = Array(unread[..<(from + mark.count)])
                    unread.removeFirst(taken.count)
                    return taken
                }
                from += 1
            }
            guard let more = receive(max: 65_536), !more.isEmpty else { return nil }
            unread += more
        }
    }

    /// The next `count` bytes; fewer where the stream ends before.
    func take(count: Int) -> [UInt8] {
        while unread.count < count, let more = receive(max: 65_536), !more.isEmpty { unread += more }
        let taken = Array(unread.prefix(count))
        unread.removeFirst(taken.count)
        return taken
    }

    /// Breaks the connection with a reset instead of an orderly end, at once.
    public func reset() {
        // The kernel's way to say so: dissolving the association of a connected socket.
        var nobody = sockaddr()
        nobody.sa_family = sa_family_t(AF_UNSPEC)
        Glibc.connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// Says that nothing more will be sent; what the peer sends can still be read.
    public func finishWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Ends both directions; the peer sees it at once.
    public func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

/// A system call of a test socket that failed.
public struct RawSocketError: Error, CustomStringConvertible {
    public let description: String

    init(_ call: String) {
        description = "\(call): \(String(cString: strerror(errno)))"
    }
}
