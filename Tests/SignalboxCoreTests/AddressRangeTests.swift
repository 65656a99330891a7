import SignalboxCore
import Testing

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "203.0.113.9", true), ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false), ("fd00::/8", "fdff::1", true), ("fd00::/8", "fe00::1", false),
        ("2001:db8::/33", "2001:db8:7fff::", true), ("2001:db8::/33", "2001:db8:8000::", false),
        ("::/0", "2001:db8::1", true), ("::1", "::1", true), ("::1/128", "::2", false),
    ])
    func `a block has the addresses that share its prefix`(block: String, address: String, isIn: Bool) throws
    {
        let range = try #require(AddressRange(block))
        #expect(range.contains(try #require(IPAddress(address))) == isIn)
    }

    @Test func `an IPv4 address is the same one when it is written the IPv6 way`() throws {
        let range = try #require(AddressRange("10.0.0.0/8"))
        #expect(IPAddress("::ffff:10.1.2.3") == IPAddress("10.1.2.3"))
        #expect(IPAddress("::ffff:0a01:0203") == IPAddress("10.1.2.3"))
        #expect(range.contains(try #require(IPAddress("::ffff:10.1.2.3"))))
        #expect(AddressRange("::ffff:10.0.0.0/104") == range)
        #expect(AddressRange("::ffff:10.0.0.0/95") == nil)
        #expect(AddressRange("::/0")?.contains(try #require(IPAddress("10.0.0.1"))) == false)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/8/8",
        "10.0.0.1/8", "10.0/8", "010.0.0.0/8", "0x0a.0.0.0/8", "[::1]/128", "fd00::1/8", "fe80::1%eth0",
        "::/129", "localhost", "10.0.0.0/8 ", "10.0.0.0/9999999999999999999999",
    ])
    func `what is no block, or two things at once, is refused`(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test(arguments: ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "fd00::/8", "::/0", "2001:db8::1/128"])
    func `it prints as it is read`(text: String) {
        #expect(AddressRange(text)?.description == text)
    }

    @Test func `the block that was meant is known where the address has too many bits`() {
        #expect(AddressRange.nearest(to: "10.1.2.3/8")?.description == "10.0.0.0/8")
        #expect(AddressRange.nearest(to: "fd00::1/8")?.description == "fd00::/8")
        #expect(AddressRange.nearest(to: "ten/8") == nil)
    }

    @Test func `bytes of a socket address are an address`() {
        #expect(IPAddress(bytes: [127, 0, 0, 1]) == IPAddress("127.0.0.1"))
        #expect(IPAddress(bytes: [UInt8](repeating: 0, count: 15) + [1])?.isLoopback == true)
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }
}
