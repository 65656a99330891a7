import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct ClientGuardTests {
    private func guarded(_ url: String, allowing ranges: [String] = []) -> RequestTemplate {
        RequestTemplate(
            url: url, headers: [],
            addressGuard: AddressGuard(allowing: ranges.compactMap { AddressRange($0) }))
    }

    @Test(arguments: [
        "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.0.0.1",
        "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0",
    ]) func `no connection is made to the house itself, however its address is spelled`(host: String) throws {
        let server = try RawServer.answering { _ in wholeReply("secret") }
        defer { server.stop() }
        let failure = try TestClient().failure(guarded("http://\(host):\(server.port)/"))
        guard case .forbidden = failure else {
            Issue.record("it was \(String(describing: failure))")
            return
        }
        #expect(server.accepted == 0)
    }

    @Test func `a refusal says which address it was, and what to do`() throws {
        let failure = try TestClient().failure(guarded("http://127.0.0.1:9/"))
        #expect(failure?.description == "the address 127.0.0.1 is loopback: add it to webhooks.allow")
    }

    @Test func `an allowed range is open`() throws {
        let server = try RawServer.answering { _ in wholeReply("hello") }
        defer { server.stop() }
        let template = guarded("http://localhost:\(server.port)/", allowing: ["127.0.0.0/8"])
        #expect(try TestClient().post(template).text == "hello")
    }

    @Test func `a kept connection of somebody who may is not used by somebody who may not`() throws {
        let server = try RawServer.answering { _ in wholeReply("hello") }
        defer { server.stop() }
        let client = try TestClient()
        let url = "http://127.0.0.1:\(server.port)/"
        #expect(try client.post(RequestTemplate(url: url, headers: [])).text == "hello")
        guard case .forbidden = try client.failure(guarded(url)) else {
            Issue.record("the kept connection was used")
            return
        }
        #expect(server.accepted == 1)
    }

    @Test func `a guard that allows uses its kept connection again`() throws {
        let server = try RawServer.answering { _ in wholeReply("hello") }
        defer { server.stop() }
        let client = try TestClient()
        let template = guarded("http://127.0.0.1:\(server.port)/", allowing: ["127.0.0.1"])
        for _ in 0..<3 { #expect(try client.post(template).text == "hello") }
        #expect(server.accepted == 1)
    }

    @Test func `a redirect into the house is an answer, and is not followed`() throws {
        let inside = try RawServer.answering { _ in wholeReply("secret") }
        let outside = try RawServer.answering { _ in
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(inside.port)/\r\nContent-Length: 0\r\n\r\n"
        }
        defer { for server in [inside, outside] { server.stop() } }
        let template = guarded("http://127.0.0.1:\(outside.port)/", allowing: ["127.0.0.1"])
        #expect(try TestClient().post(template).status == 302)
        #expect(inside.accepted == 0)
    }
}
