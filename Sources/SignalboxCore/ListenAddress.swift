import Glibc

/// Where a listener waits: an IP address and a port, 0 for one that the system picks.
public struct ListenAddress: Sendable, Hashable {
    public enum Host: Sendable, Hashable {
        case loopback
    }

    /// As the system prints it: `127.0.0.1`, `::1`.
    public let host: String
    public private(set) var port: UInt16
    public let isIPv6: Bool

    public init(_ host: Host, port: UInt16) {
        switch host {
        case .loopback: self.host = "127.0.0.1"
        }
        self.port = port
        isIPv6 = false
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`; nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(digits)
        else { return nil }
        var name = String(text[..<colon])
        let isBracketed = name.hasPrefix("[") && name.hasSuffix("]")
        if isBracketed { name = String(name.dropFirst().dropLast()) }
        if name == "localhost" { name = "127.0.0.1" }
        let family = isBracketed ? AF_INET6 : AF_INET
        guard let host = Self.canonical(name, family: family) else { return nil }
        self.host = host
        self.port = port
        isIPv6 = isBracketed
    }

    /// The same host at another port.
    public func with(port: UInt16) -> ListenAddress {
        var copy = self
        copy.port = port
        return copy
    }

    /// Whether only this machine can connect.
    public var isLoopback: Bool {
        host == "::1" || host.hasPrefix("127.") || host.hasPrefix("::ffff:127.")
    }

    /// Whether it stands for every address of the machine.
    public var isWildcard: Bool {
        host == "0.0.0.0" || host == "::"
    }

    /// Whether both cannot be listened on at once.
    public func collides(with other: ListenAddress) -> Bool {
        port != 0 && port == other.port && (host == other.host || isWildcard || other.isWildcard)
    }

    private static func canonical(_ text: String, family: Int32) -> String? {
        var address = in6_addr()
        guard inet_pton(family, text, &address) == 1 else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, &address, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension ListenAddress: CustomStringConvertible {
    public var description: String {
        isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
