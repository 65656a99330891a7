import SignalboxConfig
import SignalboxCore
import Testing

@Suite struct AddressTests {
    @Test(arguments: [
        ("127.0.0.1:8080", true), ("localhost:0", true), ("[::1]:1", true), ("0.0.0.0:80", false),
        ("[::]:65535", false), ("10.0.0.1:1", false), ("[::ffff:127.0.0.1]:1", true),
    ])
    func `an address knows whether it is loopback`(text: String, isLoopback: Bool) throws {
        #expect(try #require(ListenAddress(text)).isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:-1",
        "::1:80",
        "[::1]", "[127.0.0.1]:80", "example.com:80", "127.0.0.1:80 ", "1:2:3", "[::1%lo]:1", "127.1:80",
    ])
    func `what is no address is none`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test func `a wildcard collides with every address on its port, and port 0 with none`() throws {
        let wildcard = try #require(ListenAddress("0.0.0.0:1"))
        #expect(wildcard.collides(with: ListenAddress(.loopback, port: 1)))
        #expect(!wildcard.collides(with: ListenAddress(.loopback, port: 2)))
        let free = ListenAddress(.loopback, port: 0)
        #expect(!free.collides(with: free))
    }

    @Test(arguments: [
        ("https://api.openai.com/v1", "https://api.openai.com/v1", 443), ("http://h", "http://h", 80),
        ("HTTP://H:81//", "http://h:81", 81), ("http://[::1]:9/a/", "http://[::1]:9/a", 9),
        ("http://a_b.c-d", "http://a_b.c-d", 80),
    ])
    func `a URL is kept without its last slash`(text: String, kept: String, port: UInt16) throws {
        let url = try #require(BaseURL(text))
        #expect(url.text == kept)
        #expect(url.port == port)
    }

    @Test(arguments: [
        "", "h", "http://", "http:///v1", "ftp://h", "http://u@h", "http://u:p@h/", "http://h?q",
        "http://h#f",
        "http://h:0", "http://h:x", "http://h:", "http://h h", "http://h\r\nX: y", "http://[::1",
        "http://[zz]",
        "https:/h", "http://hé", "file:///etc/passwd",
    ])
    func `what is no plain http URL is none`(text: String) {
        #expect(BaseURL(text) == nil)
    }
}
