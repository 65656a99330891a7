import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerConnectionTests {
    @Test func `the handler sees the request as it was sent`() throws {
        let test = try TestServer { exchange in
            exchange.respond(
                [
                    exchange.method, exchange.path, exchange.query("name") ?? "-",
                    exchange.query("none") ?? "-",
                    exchange.header("X-Thing") ?? "-", exchange.header("absent") ?? "-", exchange.bodyText,
                ].joined(separator: "|"))
        }
        let socket = try test.connect()
        socket.send("POST", "/a/b?name=a%20b&x=1", ["x-THING: some value"], body: "the body")
        let reply = try #require(socket.readMessage())
        #expect(reply.status == 200)
        #expect(reply.text == "POST|/a/b|a b|-|some value|-|the body")
    }

    @Test func `every header field of a name is found, in order and whatever its case`() throws {
        let test = try TestServer { $0.respond($0.headers("x-thing").joined(separator: "|") + ".") }
        let socket = try test.connect()
        socket.send("GET", "/", ["X-Thing: a", "x-thing-too: b", "x-other: c", "x-THING: d,e", "x-thin: f"])
        #expect(try #require(socket.readMessage()).text == "a|d,e.")
        socket.send("GET", "/")
        #expect(try #require(socket.readMessage()).text == ".")
    }

    @Test func `a kept connection serves one request after another`() throws {
        let test = try TestServer { $0.respond("reply to \($0.bodyText)") }
        let socket = try test.connect()
        for number in 0..<200 {
            socket.send("POST", "/", body: "\(number)")
            #expect(try #require(socket.readMessage()).text == "reply to \(number)")
        }
        #expect(test.observer.opened.count == 1)
    }

    @Test func `pipelined requests are answered in order, whatever their handlers' pace`() throws {
        let test = try TestServer { exchange in
            if exchange.bodyText.hasSuffix("0") {
                await withCheckedContinuation { slow in RawThread.start { slow.resume() } }
            }
            exchange.respond(exchange.bodyText)
        }
        let socket = try test.connect()
        for number in 0..<50 { socket.send("POST", "/", body: "\(number)") }
        for number in 0..<50 { #expect(try #require(socket.readMessage()).text == "\(number)") }
    }

    @Test func `a request may begin with the end of the one before, and take its time`() throws {
        let test = try TestServer { $0.respond($0.bodyText) }
        let socket = try test.connect()
        let request = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n"
        for cut in [1, 10, 17, request.utf8.count - 1] {
            #expect(socket.write(request + "a" + request.prefix(cut)))
            #expect(try #require(socket.readMessage()).text == "a")
            #expect(socket.write(request.dropFirst(cut) + "b"))
            #expect(try #require(socket.readMessage()).text == "b")
        }
        #expect(test.observer.opened.count == 1)
    }

    @Test func `a chunked body arrives whole, however it is cut`() throws {
        let test = try TestServer { $0.respond($0.bodyText) }
        let socket = try test.connect()
        let request =
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789"
            + "\r\n0\r\n\r\n"
        for byte in request.utf8 { socket.write([byte]) }
        #expect(try #require(socket.readMessage()).text == "abc0123456789")
        socket.write(request + request)
        for _ in 0..<2 { #expect(try #require(socket.readMessage()).text == "abc0123456789") }
    }

    @Test(arguments: [0, 1, 32 << 10, (32 << 10) + 1, 3 << 20])
    func `a body of any size comes back as it went`(size: Int) throws {
        let test = try TestServer { $0.respond(Reply(status: 200, body: $0.body)) }
        let socket = try test.connect()
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        RawThread.start {
            socket.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: \(size)\r\n\r\n")
            socket.write(body)
        }
        let reply = try #require(socket.readMessage())
        #expect(reply.isWhole && reply.body == body)
    }

    @Test func `the client's wish to close is honoured`() throws {
        let test = try TestServer { $0.respond("last") }
        let socket = try test.connect()
        socket.send("GET", "/", ["Connection: close"])
        #expect(try #require(socket.readMessage()).text == "last")
        #expect(socket.sawEnd())
        try test.observer.closed.take()
    }

    @Test func `a handler that ends without an answer closes the connection, and no other`() throws {
        let test = try TestServer { if $0.path == "/good" { $0.respond("good") } }
        let (bad, good) = (try test.connect(), try test.connect())
        good.send("GET", "/good")
        bad.send("GET", "/bad")
        #expect(bad.readMessage() == nil && bad.sawEnd())
        for _ in 0..<2 {
            #expect(try #require(good.readMessage()).text == "good")
            good.send("GET", "/good")
        }
    }

    @Test func `only the first answer counts`() throws {
        let test = try TestServer { exchange in
            exchange.respond("first")
            exchange.respond("second")
            let stream = exchange.stream(status: 200, headers: [])
            #expect(stream.isClientGone)
        }
        let socket = try test.connect()
        for _ in 0..<2 {
            socket.send("GET", "/")
            #expect(try #require(socket.readMessage()).text == "first")
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "GET /\r\n\r\n\u{0}\u{1}",
        "POST / HTTP/1.1\r\nHost: t\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "\r\n\r\n\r\n\r\n: \r\n\r\n",
    ])
    func `what is not HTTP ends in a 4xx or a closed connection`(text: String) throws {
        let test = try TestServer { $0.respond("never mind") }
        let socket = try test.connect()
        socket.write(text)
        socket.finishWriting()
        let reply = socket.readMessage()
        #expect(reply == nil || (400..<500).contains(reply?.status ?? 0))
        #expect(socket.sawEnd())
        let other = try test.connect()
        other.send("GET", "/")
        #expect(other.readMessage()?.status == 200)
    }

    @Test func `connections are handed to the loops in turn, and requests stay on theirs`() throws {
        let test = try TestServer(loops: 3) { exchange in
            let index = exchange.loop.index
            await Task.yield()
            exchange.respond("\(index) \(exchange.loop.isCurrent)")
        }
        let sockets = try (0..<9).map { _ in try test.connect() }
        var served: [String: Int] = [:]
        for _ in 0..<3 {
            for socket in sockets {
                socket.send("GET", "/")
                served[try #require(socket.readMessage()).text, default: 0] += 1
            }
        }
        #expect(served == ["0 true": 9, "1 true": 9, "2 true": 9])
    }

    @Test func `it listens on IPv6, and on several addresses at once`() throws {
        let test = try TestServer(on: ["127.0.0.1:0", "[::1]:0"]) { $0.respond("here") }
        #expect(test.server.addresses.map(\.host) == ["127.0.0.1", "::1"])
        #expect(test.server.addresses.allSatisfy { $0.port != 0 })
        for address in test.server.addresses {
            let socket = try RawSocket.connect(port: Int(address.port), isIPv6: address.isIPv6)
            socket.send("GET", "/")
            #expect(try #require(socket.readMessage()).text == "here")
        }
    }

    @Test func `a port that is taken is an error that names it`() throws {
        let test = try TestServer { $0.respond("here") }
        let address = test.server.addresses[0]
        let error = #expect(throws: ListenError.self) {
            try TestServer(on: [address.description]) { $0.respond("never") }
        }
        #expect(error?.address == address)
        #expect(error?.description == "cannot listen on \(address): Address already in use")
    }
}
