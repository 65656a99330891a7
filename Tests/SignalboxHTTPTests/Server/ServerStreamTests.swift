import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerStreamTests {
    private static let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 10)

    @Test func `the pieces of a stream arrive in order and whole, and the connection is kept`() throws {
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 207, headers: [("x-kind", "stream")])
            for number in 0..<500 {
                if number % 100 == 0 {
                    await withCheckedContinuation { slow in RawThread.start { slow.resume() } }
                }
                try? await stream.write("\(number),".utf8)
            }
            stream.finish()
        }
        let socket = try test.connect()
        for _ in 0..<3 {
            socket.send("GET", "/")
            let reply = try #require(socket.readMessage())
            #expect(reply.status == 207 && reply.header("x-kind") == "stream")
            #expect(reply.header("transfer-encoding") == "chunked" && reply.isWhole)
            #expect(reply.text == (0..<500).map { "\($0)," }.joined())
        }
    }

    @Test func `each piece leaves before the next is written`() throws {
        let next = (0..<5).map { _ in Gate() }
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            for (number, gate) in next.enumerated() {
                try? await stream.write("piece \(number).".utf8)
                await gate.wait()
            }
            stream.finish()
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        for (number, gate) in next.enumerated() {
            #expect(socket.read(until: "piece \(number).").contains("piece \(number)."))
            gate.open()
        }
        #expect(socket.read(until: "0\r\n\r\n").hasSuffix("0\r\n\r\n"))
    }

    @Test func `a stream without any piece is an empty body`() throws {
        let test = try TestServer { $0.stream(status: 200, headers: []).finish() }
        let socket = try test.connect()
        for _ in 0..<2 {
            socket.send("GET", "/")
            let reply = try #require(socket.readMessage())
            #expect(reply.isWhole && reply.body.isEmpty && reply.status == 200)
        }
    }

    @Test func `a writer is suspended while the client does not read, and goes on when it does`() throws {
        let isDone = Handover<Void>()
        let pieces = 2_000  // 32 MiB
        let clock = ManualClock()
        let written = Tick()
        let test = try TestServer(clock: clock) { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            for _ in 0..<pieces {
                guard (try? await stream.write(ServerStreamTests.piece)) != nil else { return }
                written.add()
            }
            stream.finish()
            isDone.put(())
        }
        let socket = try test.connect(receiveBufferBytes: 4_096)
        socket.send("GET", "/")
        var (before, after) = (-1, 0)
        while before != after || after == 0 {
            before = after
            for _ in 0..<50 { try test.advance(by: .zero) }
            after = written.count
        }
        // What the kernel's own buffers hold is not ours to bound: a few megabytes at most.
        #expect(after < pieces / 2, "the writer was never suspended")
        #expect(isDone.count == 0)
        let reply = try #require(socket.readMessage())
        #expect(reply.isWhole && reply.body.count == pieces * ServerStreamTests.piece.count)
        try isDone.take()
    }

    @Test func `a client that leaves a stream untouched for too long is closed, and its writer told`() throws
    {
        var limits = ServerLimits()
        limits.writeTimeout = .seconds(6)
        let clock = ManualClock()
        let ended = Handover<Bool>()
        let test = try TestServer(limits: limits, clock: clock) { exchange in
            ended.put(await ServerStreamTests.writeForever(exchange))
        }
        let socket = try test.connect(receiveBufferBytes: 4_096)
        socket.send("GET", "/")
        #expect(!socket.read(until: "xxxx").isEmpty)
        var rounds = 0
        while ended.count == 0 && rounds < 100 {
            try test.advance(by: .seconds(1))
            rounds += 1
        }
        #expect(rounds >= 6)
        #expect(try ended.take())
        #expect(try test.observer.rejections.take() == .writeTimeout)
        try test.observer.closed.take()
    }

    @Test func `a client that reads nothing does not stop the others`() throws {
        let test = try TestServer { exchange in
            if exchange.path == "/slow" { _ = await ServerStreamTests.writeForever(exchange) }
            exchange.respond("quick")
        }
        let slow = try test.connect(receiveBufferBytes: 4_096)
        slow.send("GET", "/slow")
        let quick = try test.connect()
        for _ in 0..<100 {
            quick.send("GET", "/quick")
            let reply = try #require(quick.readMessage())
            #expect(reply.text == "quick")
        }
    }

    /// True once the client is gone; false after 1 GiB.
    private static func writeForever(_ exchange: Exchange) async -> Bool {
        let stream = exchange.stream(status: 200, headers: [])
        do throws(ClientGone) {
            for _ in 0..<65_536 { try await stream.write(ServerStreamTests.piece) }
            return false
        } catch {
            return stream.isClientGone && exchange.isClientGone
        }
    }

    // MARK: Broken off

    @Test(arguments: [true, false])
    func `a stream that is broken off, or left open, has no end that looks like one`(isSaid: Bool) throws {
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            try? await stream.write("part".utf8)
            if isSaid { stream.breakOff() }
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        let reply = try #require(socket.readMessage())
        #expect(reply.status == 200 && reply.text == "part" && !reply.isWhole)
        #expect(socket.sawEnd())
        try test.observer.closed.take()
    }

    @Test func `a stream that breaks off long after its last piece ends so, too`() throws {
        let gate = Gate()
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            try? await stream.write("part".utf8)
            await gate.wait()
            stream.breakOff()
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        #expect(socket.read(until: "part").contains("part"))
        gate.open()
        let rest = socket.readToEnd()
        #expect(!rest.contains("0\r\n\r\n"))
        try test.observer.closed.take()
    }

    @Test func `a stream to HTTP 1.0 is ended by closing`() throws {
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            try? await stream.write("all of it".utf8)
            stream.finish()
        }
        let socket = try test.connect()
        socket.write("GET / HTTP/1.0\r\n\r\n")
        let text = socket.readToEnd()
        #expect(text.hasSuffix("\r\n\r\nall of it") && !text.lowercased().contains("chunked"))
    }
}

/// A count that closures share.
final class Tick: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }

    func add() { value.wrappingAdd(1, ordering: .relaxed) }
}
