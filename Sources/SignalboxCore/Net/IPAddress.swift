import Glibc

/// An IP address as a number, so that it can be compared with ranges.
///
/// An IPv4 address written the IPv6 way (`::ffff:10.0.0.1`, RFC 4291, 2.5.5.2) is the IPv4 address: whoever
/// guards one of them guards both.
public enum IPAddress: Sendable, Hashable {
    case v4(UInt32)
    case v6(UInt128)

    /// Reads `10.0.0.1` or `2001:db8::1`, without brackets, port or zone; nil for anything else, IPv4
    /// addresses with leading zeros, in hexadecimal or of fewer than four parts included.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var small = in_addr()
        if inet_pton(AF_INET, text, &small) == 1 {
            self = .v4(UInt32(bigEndian: small.s_addr))
            return
        }
        var large = in6_addr()
        guard inet_pton(AF_INET6, text, &large) == 1 else { return nil }
        self.init(bytes: withUnsafeBytes(of: &large) { Array($0) })
    }

    /// Four or sixteen bytes in the order of the network, as a socket address has them; nil for other counts.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self.init(v6: bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// That of an IPv6 address: of an IPv4 address where it stands for one.
    public init(v6 number: UInt128) {
        self = number >> 32 == Self.mappedPrefix ? .v4(UInt32(truncatingIfNeeded: number)) : .v6(number)
    }

    /// What the first 96 bits of an IPv4 address in IPv6 are.
    static let mappedPrefix: UInt128 = 0xFFFF

    public var isLoopback: Bool {
        switch self {
        case .v4(let number): number >> 24 == 127
        case .v6(let number): number == 1
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// As the system prints it: `10.0.0.1`, `2001:db8::1`.
    public var description: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch self {
        case .v4(let number):
            var address = in_addr(s_addr: number.bigEndian)
            inet_ntop(AF_INET, &address, &buffer, socklen_t(buffer.count))
        case .v6(let number):
            var address = number.bigEndian
            inet_ntop(AF_INET6, &address, &buffer, socklen_t(buffer.count))
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
