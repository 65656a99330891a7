import SignalboxCore
import Testing

@Suite struct Base64TextTests {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the specification's examples come out`(text: String, encoded: String) {
        #expect(Base64Text.encode(text.utf8) == encoded)
    }

    @Test func `the last symbols of the alphabet are plus and slash`() {
        #expect(Base64Text.encode([0xFB, 0xEF, 0xFF] as [UInt8]) == "++//")
    }

    @Test(arguments: ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy", "++//"])
    func `what is decoded encodes to the same again`(encoded: String) throws {
        #expect(Base64Text.encode(try #require(Base64Text.decode(encoded))) == encoded)
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "=", "====", "Zh==", "Zm9=", "Zm-_", "Zg==Zg==", "Zm 9v", "Zm9v\n",
    ])
    func `what no encoder writes is refused`(text: String) {
        #expect(Base64Text.decode(text) == nil)
    }
}
