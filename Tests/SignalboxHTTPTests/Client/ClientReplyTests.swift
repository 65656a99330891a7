import SignalboxCore
import SignalboxTesting
import Synchronization
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct ClientReplyTests {
    @Test func `a request arrives as it was asked for, and its reply as it was sent`() throws {
        let seen = Handover<RawMessage>()
        let server = try RawServer.answering { request in
            seen.put(request)
            return
                "HTTP/1.1 418 Teapot\r\nX-First: 1\r\nX-MIXED:  two \r\nx-mixed: three\r\nContent-Length: 2"
                + "\r\n\r\nhi"
        }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(
            port: server.port, headers: [("Content-Type", "application/json"), ("X-Key", "secret")])
        let reply = try client.post(template, body: Array("{}".utf8))
        let request = try seen.take()
        #expect(request.firstLine == "POST /v1/thing HTTP/1.1" && request.text == "{}")
        #expect(request.header("content-type") == "application/json" && request.header("x-key") == "secret")
        #expect(request.header("expect") == nil && request.header("accept-encoding") == "gzip")
        #expect(reply.status == 418 && reply.text == "hi")
        #expect(reply.headers["x-first"] == "1" && reply.headers["x-absent"] == nil)
        #expect(reply.headers["x-mixed"]?.hasPrefix("two") == true)
    }

    @Test func `a reply that comes byte by byte is the same reply`() throws {
        let server = try RawServer.afterRequest { socket in
            for byte in (chunkedHead + chunk("one ") + chunk("two") + "0\r\n\r\n").utf8 {
                socket.write([byte])
            }
            _ = socket.read()
        }
        defer { server.stop() }
        #expect(try TestClient().post(RequestTemplate(port: server.port)).text == "one two")
    }

    @Test func `pieces are handed on as they come, and head before any of them`() throws {
        let next = (0..<4).map { _ in Handover<Void>() }
        let server = try RawServer.afterRequest { socket in
            socket.write(chunkedHead)
            for (number, gate) in next.enumerated() {
                guard (try? gate.take()) != nil else { return }
                socket.write(chunk("piece \(number)"))
            }
            socket.write("0\r\n\r\n")
            _ = socket.read()
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        let pieces = try test.loop.run {
            let reply = client.post(template, body: [], deadline: client.deadline(in: .seconds(60)))
            try await reply.head()
            var pieces = [String(reply.status)]
            for gate in next {
                gate.put(())
                if let piece = try await reply.next() {
                    pieces.append(String(decoding: piece, as: UTF8.self))
                }
            }
            let end = try await reply.next()
            return pieces + [end == nil ? "end" : "more"]
        }
        #expect(pieces == ["200", "piece 0", "piece 1", "piece 2", "piece 3", "end"])
    }

    @Test func `an interim reply and trailers are not the reply`() throws {
        let server = try RawServer.answering { _ in
            "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nX-A: a\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n" + chunk("body") + "0\r\nX-Trailer: t\r\n\r\n"
        }
        defer { server.stop() }
        let reply = try TestClient().post(RequestTemplate(port: server.port))
        #expect(reply.status == 201 && reply.text == "body")
        #expect(reply.headers["x-a"] == "a" && reply.headers["link"] == nil)
    }

    @Test func `redirects are handed on, not followed`() throws {
        let server = try RawServer.answering { _ in
            "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"
        }
        defer { server.stop() }
        let reply = try TestClient().post(RequestTemplate(port: server.port))
        #expect(reply.status == 302 && reply.headers["location"] == "/elsewhere")
        #expect(server.accepted == 1)
    }

    @Test func `one connection carries one request after another`() throws {
        let server = try RawServer.answering { wholeReply("echo \($0.text)") }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(port: server.port)
        for number in 0..<100 {
            #expect(try client.post(template, body: Array("\(number)".utf8)).text == "echo \(number)")
        }
        #expect(server.accepted == 1)
    }

    @Test func `requests at once have connections of their own, and each gets its own reply`() throws {
        let server = try RawServer.answering { wholeReply("echo \($0.text)") }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        for _ in 0..<3 {
            let wrong = try test.loop.run {
                await withTaskGroup(of: Bool.self) { group in
                    for number in 0..<40 {
                        group.addTask {
                            let reply = client.post(
                                template, body: Array("\(number)".utf8),
                                deadline: client.deadline(in: .seconds(60)))
                            return (try? await reply.whole()) == Array("echo \(number)".utf8)
                        }
                    }
                    return await group.reduce(into: 0) { $0 += $1 ? 0 : 1 }
                }
            }
            #expect(wrong == 0)
        }
        #expect(server.accepted <= 40)
    }

    @Test(arguments: [false, true])
    func `a kept connection that has died is replaced, and nobody notices`(isLarge: Bool) throws {
        let closed = Handover<Void>()
        let server = try RawServer { socket in
            guard let request = socket.readMessage() else { return }
            socket.write(wholeReply("\(request.body.count)"))
            socket.shutDown()
            closed.put(())
        }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(port: server.port)
        let body = [UInt8](repeating: 0x61, count: isLarge ? 300_000 : 300)
        for _ in 0..<10 {
            #expect(try client.post(template, body: body).text == "\(body.count)")
            try closed.take()
        }
        #expect(server.accepted == 10)
    }

    /// Whoever asked decides whether to ask again: the provider may have read, and billed, the request.
    @Test(arguments: [300, 2_000_000])
    func `a kept connection that is cut by the next request fails it, and is not tried in its place`(
        size: Int
    ) throws {
        let server = try RawServer { socket in
            guard let request = socket.readMessage() else { return }
            socket.write(wholeReply("\(request.body.count)"))
            // Takes some of the next request, and ends without a word.
            _ = socket.read(max: 20_000)
            socket.finishWriting()
            _ = socket.readToEnd()
        }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(port: server.port)
        let body = [UInt8](repeating: 0x61, count: size)
        #expect(try client.post(template, body: body).text == "\(size)")
        #expect(try client.failure(template, body: body) == .reset("the kept connection ended"))
        #expect(try client.post(template, body: body).text == "\(size)")
    }

    @Test func `with many kept connections a request still goes out once, and the next on a fresh one`()
        throws
    {
        let kept = 6
        let arrivals = Mutex(0)
        let go = Handover<Void>()
        let server = try RawServer { socket in
            while socket.readMessage() != nil {
                let number = arrivals.withLock { count in
                    count += 1
                    return count
                }
                if number == kept { for _ in 0..<kept { go.put(()) } }
                if number <= kept, (try? go.take()) == nil { return }
                if number == kept + 1 { return }
                socket.write(wholeReply("\(number)"))
            }
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        let answered = try test.loop.run {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<kept {
                    group.addTask {
                        let reply = client.post(
                            template, body: [1], deadline: client.deadline(in: .seconds(60)))
                        return (try? await reply.whole()) != nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        #expect(answered == kept)
        #expect(try test.failure(template, body: [1]) == .reset("the kept connection ended"))
        #expect(arrivals.withLock { $0 } == kept + 1)
        #expect(try test.post(template, body: [1]).text == "\(kept + 2)")
        #expect(server.accepted == kept + 1)
    }

    @Test(arguments: [0, 1, 16 << 10, (16 << 10) + 1, 5_000_000])
    func `an upload of any size arrives whole`(size: Int) throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let server = try RawServer.answering { request in
            wholeReply(
                request.body == body && request.header("content-length") == "\(size)" ? "same" : "differs")
        }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(port: server.port)
        // Twice over the same handle, with another size between.
        for _ in 0..<2 {
            #expect(try client.post(template, body: body).text == "same")
            _ = try client.post(template, body: Array(repeating: 1, count: size < 20_000 ? 30_000 : 3))
        }
        #expect(server.accepted == 1)
    }

    @Test func `a request's own headers go with it alone, beside the template's`() throws {
        let server = try RawServer.answering { request in
            wholeReply(
                ["x-fixed", "x-one", "x-two"].map { request.header($0) ?? "-" }.joined(separator: "|"))
        }
        defer { server.stop() }
        let client = try TestClient()
        let template = RequestTemplate(port: server.port, headers: [("x-fixed", "always")])
        let (one, two) = (RequestHeader("x-one", "1"), RequestHeader("x-two", "2"))
        #expect(try client.post(template).text == "always|-|-")
        #expect(try client.post(template, headers: [one, two]).text == "always|1|2")
        #expect(try client.post(template, headers: [two]).text == "always|-|2")
        #expect(try client.post(template).text == "always|-|-")
        #expect(try client.post(template, headers: [one]).text == "always|1|-")
        let large = [UInt8](repeating: 1, count: 100_000)
        #expect(try client.post(template, body: large, headers: [two]).text == "always|-|2")
        #expect(try client.post(template, body: large).text == "always|-|-")
        #expect(try client.post(template, headers: [one]).text == "always|1|-")
        #expect(server.accepted == 1)
    }

    @Test func `a gzip body is unpacked, whole or streamed`() throws {
        let text = String(repeating: "all the news that is fit to compress ", count: 1_000)
        let packed = try #require(Gzip.compress(Array(text.utf8)))
        let server = try RawServer.afterRequest { socket in
            socket.write(
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n")
            socket.write(packed)
            _ = socket.read()
        }
        defer { server.stop() }
        let reply = try TestClient().post(RequestTemplate(port: server.port))
        #expect(reply.text == text && reply.headers["content-encoding"] == "gzip")
    }
}
