import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite struct ClientMethodTests {
    /// Tells what came.
    private func echo() throws -> RawServer {
        try RawServer.answering { request in
            let fields = ["content-type", "content-length", "transfer-encoding", "expect", "authorization"]
            let told = fields.map { request.header($0) ?? "-" }.joined(separator: "|")
            return wholeReply("\(request.firstLine)|\(told)|\(request.text)")
        }
    }

    private func template(_ method: RequestTemplate.Method, _ server: RawServer) -> RequestTemplate {
        RequestTemplate(
            method, url: "http://127.0.0.1:\(server.port)/v1/thing?limit=1",
            headers: [("authorization", Secret("Bearer one"))])
    }

    @Test func `a GET sends no body, and says nothing of one`() throws {
        let server = try echo()
        defer { server.stop() }
        let client = try TestClient()
        let template = template(.get, server)
        let expected = "GET /v1/thing?limit=1 HTTP/1.1|-|-|-|-|Bearer one|"
        #expect(try client.get(template).text == expected)
        #expect(try client.get(template).text == expected)
        #expect(server.accepted == 1)
    }

    @Test func `GETs and POSTs take turns on one connection, each as itself`() throws {
        let server = try echo()
        defer { server.stop() }
        let client = try TestClient()
        let (get, post) = (template(.get, server), template(.post, server))
        let header = RequestHeader("content-type", "text/plain")
        for _ in 0..<2 {
            #expect(try client.get(get).text == "GET /v1/thing?limit=1 HTTP/1.1|-|-|-|-|Bearer one|")
            #expect(
                try client.post(post, body: Array("hello".utf8), headers: [header]).text
                    == "POST /v1/thing?limit=1 HTTP/1.1|text/plain|5|-|-|Bearer one|hello")
        }
        #expect(server.accepted == 1)
    }

    @Test func `a template is a POST's unless it says otherwise`() throws {
        #expect(RequestTemplate(port: 1).method == .post)
    }
}
