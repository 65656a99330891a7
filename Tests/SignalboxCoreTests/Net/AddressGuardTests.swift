import SignalboxCore
import Testing

@Suite struct AddressGuardTests {
    private static let refused: [(address: String, kind: AddressGuard.Kind)] = [
        ("0.0.0.0", .unspecified), ("0.255.255.255", .unspecified),
        ("10.0.0.0", .isPrivate), ("10.255.255.255", .isPrivate),
        ("100.64.0.0", .shared), ("100.127.255.255", .shared),
        ("127.0.0.1", .loopback), ("127.255.255.254", .loopback),
        ("169.254.0.1", .linkLocal), ("169.254.169.254", .metadata), ("168.63.129.16", .metadata),
        ("100.100.100.200", .metadata),
        ("172.16.0.0", .isPrivate), ("172.31.255.255", .isPrivate),
        ("192.0.0.192", .reserved), ("192.0.2.1", .documentation), ("192.88.99.1", .tunnel),
        ("192.168.0.1", .isPrivate), ("198.18.0.1", .benchmark), ("198.19.255.255", .benchmark),
        ("198.51.100.7", .documentation), ("203.0.113.7", .documentation),
        ("224.0.0.1", .multicast), ("239.255.255.255", .multicast),
        ("240.0.0.1", .reserved), ("255.255.255.255", .broadcast),
        ("::", .unspecified), ("::1", .loopback), ("::7f00:1", .reserved), ("::8.8.8.8", .reserved),
        ("::ffff:127.0.0.1", .loopback), ("::ffff:10.0.0.5", .isPrivate), ("::ffff:a9fe:a9fe", .metadata),
        ("64:ff9b::a00:1", .isPrivate), ("64:ff9b::169.254.169.254", .metadata),
        ("64:ff9b:1::808:808", .tunnel), ("100::1", .reserved),
        ("2001::1", .tunnel), ("2001:0:4136:e378:8000:63bf:3fff:fdd2", .tunnel),
        ("2001:db8::1", .documentation), ("2001:2::1", .benchmark), ("2001:20::1", .reserved),
        ("2002:7f00:1::", .tunnel), ("2002:808:808::1", .tunnel), ("3fff::1", .documentation),
        ("5f00::1", .reserved), ("fc00::1", .isPrivate), ("fd00:ec2::254", .isPrivate),
        ("fe80::1", .linkLocal), ("febf::1", .linkLocal), ("fec0::1", .isPrivate), ("ff02::1", .multicast),
    ]

    private static let open = [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
        "198.20.0.0", "223.255.255.255", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700:4700::1111",
        "2001:4860:4860::8888", "2a00:1450::1", "101::1", "2003::1",
    ]

    @Test(arguments: refused)
    func `an address inside the house is refused, and its kind is said`(
        address: String, kind: AddressGuard.Kind
    ) throws {
        let parsed = try #require(IPAddress(address))
        #expect(AddressGuard().refusal(of: parsed)?.kind == kind)
    }

    @Test(arguments: open) func `an address on the open network is not refused`(address: String) throws {
        #expect(AddressGuard().refusal(of: try #require(IPAddress(address))) == nil)
    }

    /// The table's own claim, against a second way to say it.
    @Test func `every private IPv4 address is refused in its mapped and its translated form, too`() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let number = UInt32.random(in: .min ... .max, using: &random)
            let plain = AddressGuard().refusal(of: .v4(number))?.kind
            let mapped = IPAddress(v6: 0xFFFF << 32 | UInt128(number))
            let translated = IPAddress.v6(0x0064_FF9B << 96 | UInt128(number))
            #expect(AddressGuard().refusal(of: mapped)?.kind == plain, "\(mapped)")
            #expect(AddressGuard().refusal(of: translated)?.kind == plain, "\(translated)")
        }
    }

    @Test func `a list opens ranges again, in the mapped form as well, and nothing beside them`() throws {
        let range = try #require(AddressRange("10.1.0.0/16"))
        let own = try #require(AddressRange("fd00:1::/32"))
        let wall = AddressGuard(allowing: [range, own])
        for address in ["10.1.0.0", "10.1.255.255", "::ffff:10.1.2.3", "fd00:1::5"] {
            #expect(wall.refusal(of: try #require(IPAddress(address))) == nil, "\(address)")
        }
        for address in ["10.0.255.255", "10.2.0.0", "::ffff:10.2.0.0", "fd00:2::5", "127.0.0.1"] {
            #expect(wall.refusal(of: try #require(IPAddress(address))) != nil, "\(address)")
        }
    }

    @Test func `a refusal says what to do`() throws {
        let refusal = AddressGuard().refusal(of: try #require(IPAddress("10.0.0.5")))
        #expect(refusal?.description == "the address 10.0.0.5 is private: add it to webhooks.allow")
    }
}
