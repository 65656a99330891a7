import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerLimitsTests {
    private let clock = ManualClock()
    private static let limits: ServerLimits = {
        var limits = ServerLimits()
        limits.headerTimeout = .seconds(4)
        limits.bodyTimeout = .seconds(8)
        limits.idleTimeout = .seconds(20)
        limits.writeTimeout = .seconds(6)
        limits.bodyBytesMax = 1_000
        limits.headerBytesMax = 4_096
        return limits
    }()

    private func server(
        _ change: (inout ServerLimits) -> Void = { _ in },
        handler: @escaping @Sendable (Exchange) async -> Void = { $0.respond($0.bodyText) }
    ) throws -> TestServer {
        var limits = ServerLimitsTests.limits
        change(&limits)
        return try TestServer(limits: limits, clock: clock, handler: handler)
    }

    // MARK: Time

    @Test(arguments: [
        ("", RejectionReason.headerTimeout), ("GET", .headerTimeout),
        ("GET / HTTP/1.1\r\nHos", .headerTimeout),
        ("GET / HTTP/1.1\r\nHost: t\r\n", .headerTimeout),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n", .bodyTimeout),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n1234", .bodyTimeout),
        ("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123", .bodyTimeout),
    ])
    func `part of a request, then silence, is closed in time`(text: String, reason: RejectionReason) throws {
        let test = try server()
        let socket = try test.connect()
        try test.observer.opened.take()
        socket.write(text)
        try waitUntilRead(test, text)
        try test.advance(by: .seconds(3))
        #expect(test.observer.closed.count == 0)
        try test.advance(by: reason == .headerTimeout ? .seconds(2) : .seconds(6))
        #expect(socket.sawEnd())
        try test.observer.closed.take()
        #expect(try test.observer.rejections.take() == reason)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nX-Slow: ", RejectionReason.headerTimeout),
        ("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 500\r\n\r\n", .bodyTimeout),
    ])
    func `a drip of bytes does not extend the limit`(start: String, reason: RejectionReason) throws {
        let test = try server()
        let socket = try test.connect()
        try test.observer.opened.take()
        socket.write(start)
        try waitUntilRead(test, start)
        for _ in 0..<9 {
            socket.write("x")
            try test.advance(by: .seconds(1))
        }
        #expect(socket.sawEnd())
        #expect(try test.observer.rejections.take() == reason)
    }

    @Test func `a kept connection may rest for its own limit, and then is closed`() throws {
        let test = try server()
        let socket = try test.connect()
        socket.send("POST", "/", body: "a")
        #expect(socket.readMessage()?.text == "a")
        try test.advance(by: .seconds(19))
        socket.send("POST", "/", body: "b")
        #expect(socket.readMessage()?.text == "b")
        try test.advance(by: .seconds(21))
        #expect(socket.sawEnd())
        #expect(try test.observer.rejections.take() == .idleTimeout)
    }

    @Test func `a handler may take longer than every limit of the client`() throws {
        let gate = Gate()
        let started = Handover<Void>()
        let test = try server(handler: { exchange in
            started.put(())
            await gate.wait()
            exchange.respond("late")
        })
        let socket = try test.connect()
        socket.send("GET", "/")
        try started.take()
        for _ in 0..<10 { try test.advance(by: .seconds(30)) }
        gate.open()
        #expect(socket.readMessage()?.text == "late")
        #expect(test.observer.rejections.count == 0)
    }

    // MARK: Size

    @Test func `a body up to the limit passes, a longer one is rejected by its length alone`() throws {
        let test = try server()
        let socket = try test.connect()
        socket.send("POST", "/", body: String(repeating: "x", count: 1_000))
        #expect(socket.readMessage()?.body.count == 1_000)
        // Nothing of the body is sent: the answer does not wait for it.
        socket.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1001\r\n\r\n")
        let reply = try #require(socket.readMessage())
        #expect(reply.status == 413 && reply.header("x-why") == "body_too_large" && reply.text == "no")
        #expect(try test.observer.rejections.take() == .bodyTooLarge)
        #expect(socket.sawEnd())
    }

    @Test func `a chunked body that outgrows the limit is rejected once it ends`() throws {
        let test = try server()
        let socket = try test.connect()
        let chunk = "3E8\r\n" + String(repeating: "x", count: 1_000) + "\r\n"
        socket.write(
            "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)1\r\nx\r\n0\r\n\r\n")
        let reply = try #require(socket.readMessage())
        #expect(reply.status == 413 && reply.header("x-why") == "body_too_large")
        #expect(try test.observer.rejections.take() == .bodyTooLarge)
        #expect(socket.sawEnd())
    }

    @Test func `a chunked body without end is read no further than twice the limit`() throws {
        let test = try server()
        let socket = try test.connect()
        socket.write("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "3E8\r\n" + String(repeating: "x", count: 1_000) + "\r\n"
        var sent = 0
        while sent < 50_000, socket.write(chunk) { sent += 1 }
        #expect(sent < 50_000, "50 MB were taken")
        #expect(socket.sawEnd())
    }

    @Test(arguments: [8_200, 100_000])
    func `a header over the limit is answered 431`(size: Int) throws {
        let test = try server()
        let socket = try test.connect()
        socket.send("GET", "/", ["X-Big: " + String(repeating: "x", count: size)])
        #expect(socket.readMessage()?.status == 431)
        #expect(socket.sawEnd())
        let other = try test.connect()
        other.send("GET", "/", ["X-Big: " + String(repeating: "x", count: 2_000)])
        #expect(other.readMessage()?.status == 200)
    }

    // MARK: Number

    @Test func `a connection too many is closed at once, and one that ends makes room`() throws {
        let test = try server({ $0.connectionsMax = 3 })
        var sockets = try (0..<3).map { _ in try test.connect() }
        for socket in sockets {
            socket.send("POST", "/", body: "in")
            #expect(socket.readMessage()?.text == "in")
        }
        let extra = try test.connect()
        #expect(extra.sawEnd())
        #expect(try test.observer.rejections.take() == .connectionLimit)
        sockets.removeLast()
        try test.observer.closed.take()
        let next = try test.connect()
        next.send("POST", "/", body: "in")
        #expect(next.readMessage()?.text == "in")
    }

    /// Blocks until the server has taken in what was sent, so that its clock may move on.
    private func waitUntilRead(_ test: TestServer, _ text: String) throws {
        // The loop sleeps only once everything that is readable was read: two jobs, and a socket's turn
        // between.
        for _ in 0..<20 { try test.advance(by: .zero) }
    }
}
