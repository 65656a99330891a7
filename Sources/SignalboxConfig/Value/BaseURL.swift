import SignalboxCore

/// Where a provider's API starts: `https://host[:port][/path]`, without user, query or fragment.
public struct BaseURL: Sendable, Hashable {
    /// Whether it is `https`.
    public let isSecure: Bool
    /// Lower case; an IPv6 address keeps its brackets.
    public let host: String
    /// The scheme's own when the text names none.
    public let port: UInt16
    /// Starts with a slash and does not end in one; empty for the root.
    public let path: String
    /// The whole as it is put before a call's path; does not end in a slash.
    public let text: String

    /// Nil unless `text` is such a URL.
    public init?(_ text: String) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !Self.forbidden.contains($0) }),
            text.utf8.count <= 2_048, let (isSecure, afterScheme) = Self.scheme(of: text)
        else { return nil }
        let authority = afterScheme.prefix { $0 != "/" }
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        var path = afterScheme.dropFirst(authority.count)
        while path.hasSuffix("/") { path = path.dropLast() }
        self.isSecure = isSecure
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
        self.path = String(path)
        self.text =
            (isSecure ? "https://" : "http://") + host + (port.map { ":\($0)" } ?? "") + String(path)
    }

    /// What would make it carry a user, a query, a fragment or a second meaning.
    private static let forbidden = Set("@?#\\\"<>^`{|}".utf8)

    private static func scheme(of text: String) -> (isSecure: Bool, rest: Substring)? {
        for (prefix, isSecure) in [("https://", true), ("http://", false)]
        where text.prefix(prefix.count).lowercased() == prefix {
            return (isSecure, text.dropFirst(prefix.count))
        }
        return nil
    }

    private static func hostAndPort(_ authority: Substring) -> (host: String, port: UInt16?)? {
        var host = authority
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = UInt16(digits),
                number > 0
            else { return nil }
            port = number
            host = authority[..<colon]
        }
        guard isHost(host) else { return nil }
        return (host.lowercased(), port)
    }

    private static func isHost(_ host: Substring) -> Bool {
        if host.hasPrefix("["), host.hasSuffix("]") {
            return ListenAddress("\(host):0") != nil
        }
        let isNameByte = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x2E || byte == 0x5F
        }
        return !host.isEmpty && host.utf8.count <= 253 && host.utf8.allSatisfy(isNameByte)
    }
}

extension BaseURL: CustomStringConvertible {
    public var description: String { text }
}
