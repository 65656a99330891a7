/// A block of IP addresses, such as `10.0.0.0/8` (RFC 4632, 3.1) or `fd00::/8` (RFC 4291, 2.3).
public struct AddressRange: Sendable, Hashable {
    /// The lowest address of the block.
    public let first: IPAddress
    /// How many leading bits all its addresses share: 0 to 32, or to 128.
    public let prefixLength: Int

    /// The block of that size which the address is in.
    /// - Parameter prefixLength: 0 to 32 for an IPv4 address, 0 to 128 for any other.
    public init(around address: IPAddress, prefixLength: Int) {
        self.prefixLength = prefixLength
        switch address {
        case .v4(let number):
            precondition(0...32 ~= prefixLength, "a prefix is at most as long as the address")
            first = .v4(number & ~(UInt32.max >> prefixLength))
        case .v6(let number):
            precondition(0...128 ~= prefixLength, "a prefix is at most as long as the address")
            first = .v6(number & ~(UInt128.max >> prefixLength))
        }
    }

    /// Reads an address, a slash and the prefix's length; an address alone is a block of one. Nil for
    /// anything else, and where the address has bits beyond the prefix: `10.0.0.1/8` says two different
    /// things.
    public init?(_ text: some StringProtocol) {
        guard let loose = Self.loose(text), loose.range.first == loose.address else { return nil }
        self = loose.range
    }

    /// The block that a text means whose address has bits beyond its prefix; nil where it means nothing.
    public static func nearest(to text: some StringProtocol) -> AddressRange? {
        loose(text)?.range
    }

    /// Whether the address is one of them. A block of IPv6 addresses has no IPv4 address in it, `::/0`
    /// included: see ``IPAddress``.
    public func contains(_ address: IPAddress) -> Bool {
        switch (first, address) {
        case (.v4(let first), .v4(let number)): number & ~(UInt32.max >> prefixLength) == first
        case (.v6(let first), .v6(let number)): number & ~(UInt128.max >> prefixLength) == first
        case (.v4, .v6), (.v6, .v4): false
        }
    }

    private static func loose(
        _ text: some StringProtocol
    ) -> (range: AddressRange, address: IPAddress)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        var width: Int
        switch address {
        case .v4: width = 32
        case .v6: width = 128
        }
        guard parts.count == 2 else {
            return (AddressRange(around: address, prefixLength: width), address)
        }
        let digits = parts[1]
        guard digits.utf8.count <= 3, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }),
            digits == "0" || digits.first != "0", var length = Int(digits)
        else { return nil }
        // An IPv4 block written the IPv6 way: its first 96 bits are always the same.
        if case .v4 = address, parts[0].contains(":") {
            guard length >= 96 else { return nil }
            length -= 96
        }
        width = min(width, length)
        guard width == length else { return nil }
        return (AddressRange(around: address, prefixLength: length), address)
    }
}

extension AddressRange: CustomStringConvertible {
    public var description: String { "\(first)/\(prefixLength)" }
}
