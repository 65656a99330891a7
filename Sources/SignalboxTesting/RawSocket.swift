import Glibc

/// A connected TCP socket for tests that must send what no HTTP library would. Blocking, every wait bounded.
public final class RawSocket: @unchecked Sendable {
    // @unchecked: used by one thread at a time; `shutDown` may come from another, which the kernel allows.

    private let descriptor: Int32

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

    /// Connects to a loopback port.
    public static func connect(port: Int) throws(RawSocketError) -> RawSocket {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw RawSocketError("socket") }
        var address = loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let error = RawSocketError("connect")
            close(descriptor)
            throw error
        }
        return RawSocket(descriptor: descriptor)
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
        var buffer = [UInt8](repeating: 0, count: max)
        let count = recv(descriptor, &buffer, max, 0)
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

    /// Reads one request: its header and, by its Content-Length, its body.
    public func readRequest() -> String {
        var all = read(until: "\r\n\r\n")
        guard let end = all.range(of: "\r\n\r\n") else { return all }
        let wanted = contentLength(all[..<end.lowerBound])
        var have = all[end.upperBound...].utf8.count
        while have < wanted, let more = read(), !more.isEmpty {
            all += String(decoding: more, as: UTF8.self)
            have += more.count
        }
        return all
    }

    private func contentLength(_ header: Substring) -> Int {
        for line in header.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].drop { $0 == " " }) ?? 0
            }
        }
        return 0
    }

    /// Closes with a reset instead of an orderly end.
    public func prepareReset() {
        var abrupt = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<linger>.size))
    }

    /// Ends both directions; the peer sees it at once.
    public func shutDown() {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}

extension StringProtocol {
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}

/// A system call of a test socket that failed.
public struct RawSocketError: Error, CustomStringConvertible {
    public let description: String

    init(_ call: String) {
        description = "\(call): \(String(cString: strerror(errno)))"
    }
}
