/// Which addresses a request may go to whose URL somebody else chose: none inside the house, unless a list
/// allows it.
///
/// It judges addresses, never names: the one that is judged must be the one that is connected to.
public struct AddressGuard: Sendable, Hashable {
    /// Ranges that are open although the table refuses them.
    public let allowed: [AddressRange]

    public init(allowing allowed: [AddressRange] = []) {
        self.allowed = allowed
    }

    /// What kind of address is refused, as messages say it.
    public enum Kind: String, Sendable {
        case unspecified, loopback, multicast, reserved
        case isPrivate = "private"
        case linkLocal = "link-local"
        case shared = "shared by a carrier's customers"
        case metadata = "a cloud's metadata service"
        case documentation = "for documentation"
        case benchmark = "for benchmarks"
        case tunnel = "inside a tunnel"
        case broadcast = "for broadcasts"
    }

    /// An address that must not be connected to.
    public struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        public let address: IPAddress
        public let kind: Kind

        public var description: String {
            "the address \(address) is \(kind.rawValue): add it to webhooks.allow"
        }
    }

    /// Nil where the address may be connected to.
    public func refusal(of address: IPAddress) -> Refusal? {
        let target = address.target
        if allowed.contains(where: { $0.contains(address) || $0.contains(target) }) { return nil }
        let table =
            switch target {
            case .v4: AddressGuard.refusedFour
            case .v6: AddressGuard.refusedSix
            }
        return table.first { $0.range.contains(target) }.map { Refusal(address: address, kind: $0.kind) }
    }

    private typealias Row = (range: AddressRange, kind: Kind)

    private static func rows(_ rows: KeyValuePairs<String, Kind>) -> [Row] {
        rows.map { text, kind in
            guard let range = AddressRange(text) else { preconditionFailure("no range: \(text)") }
            return (range, kind)
        }
    }

    /// IANA's special-purpose registry (RFC 6890), where not globally reachable, multicast and two addresses
    /// of clouds. The first row that fits names the kind.
    private static let refusedFour = rows([
        "169.254.169.254": .metadata,
        "168.63.129.16": .metadata,  // Azure's, in the open range
        "100.100.100.200": .metadata,  // Alibaba's
        "0.0.0.0/8": .unspecified,
        "10.0.0.0/8": .isPrivate,
        "100.64.0.0/10": .shared,
        "127.0.0.0/8": .loopback,
        "169.254.0.0/16": .linkLocal,
        "172.16.0.0/12": .isPrivate,
        "192.0.0.0/24": .reserved,
        "192.0.2.0/24": .documentation,
        "192.88.99.0/24": .tunnel,
        "192.168.0.0/16": .isPrivate,
        "198.18.0.0/15": .benchmark,
        "198.51.100.0/24": .documentation,
        "203.0.113.0/24": .documentation,
        "224.0.0.0/4": .multicast,
        "255.255.255.255": .broadcast,
        "240.0.0.0/4": .reserved,
    ])

    private static let refusedSix = rows([
        "::": .unspecified,
        "::1": .loopback,
        "::/96": .reserved,  // IPv4-compatible, given up by RFC 4291
        // NAT64 of one's own (RFC 8215): where the IPv4 address stands is not known.
        "64:ff9b:1::/48": .tunnel,
        "100::/64": .reserved,  // discard-only
        "100:0:0:1::/64": .reserved,
        "2001::/32": .tunnel,  // Teredo
        "2001:2::/48": .benchmark,
        "2001:db8::/32": .documentation,
        "2001::/23": .reserved,  // protocol assignments
        "2002::/16": .tunnel,  // 6to4
        "3fff::/20": .documentation,
        "5f00::/16": .reserved,  // segment identifiers of SRv6
        "fc00::/7": .isPrivate,
        "fe80::/10": .linkLocal,
        "fec0::/10": .isPrivate,  // site-local, given up by RFC 3879
        "ff00::/8": .multicast,
    ])
}

extension IPAddress {
    /// Where a packet to it arrives: the IPv4 address inside one that is translated (NAT64, `64:ff9b::/96`);
    /// itself otherwise.
    fileprivate var target: IPAddress {
        guard case .v6(let number) = self, number >> 32 == 0x0064_FF9B_0000_0000_0000_0000 else {
            return self
        }
        return .v4(UInt32(truncatingIfNeeded: number))
    }
}
