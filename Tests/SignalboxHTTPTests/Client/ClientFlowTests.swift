import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct ClientFlowTests {
    /// Sends without end, and tells when its connection has ended.
    private func endlessServer(_ sent: Tick, _ ended: Handover<Void>) throws -> RawServer {
        try RawServer.afterRequest { socket in
            socket.write(chunkedHead)
            let piece = chunk(String(repeating: "x", count: 16 << 10))
            while socket.write(piece) { sent.add() }
            ended.put(())
        }
    }

    /// The loop serves its sockets between the yields, however many there are.
    private static func untilPaused(_ reply: IncomingReply) async {
        for _ in 0..<10_000_000 where !reply.isPaused { await Task.yield() }
        #expect(reply.isPaused)
    }

    @Test func `a slow reader pauses the sender, within a bound, and gets it all`() throws {
        let pieces = 1_500  // 24 MiB
        let sent = Tick()
        let server = try RawServer.afterRequest { socket in
            socket.write(chunkedHead)
            let piece = chunk(String(repeating: "x", count: 16 << 10))
            for _ in 0..<pieces where socket.write(piece) { sent.add() }
            socket.write("0\r\n\r\n")
            _ = socket.read()
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        let (gate, begun) = (Gate(), Handover<Void>())
        let total = Handover<Int>()
        test.loop.spawn {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            var count = (try? await reply.next())??.count ?? 0
            begun.put(())
            await gate.wait()
            while let piece = try? await reply.next() { count += piece.count }
            total.put(reply.isFinished ? count : -1)
        }
        try begun.take()
        var (before, after) = (-1, 0)
        while before != after {
            before = after
            for _ in 0..<100 { try test.test.settle() }
            after = sent.count
        }
        // What the kernel's buffers hold is not ours to bound: some megabytes.
        #expect(after < pieces / 2, "the sender was never paused")
        gate.open()
        #expect(try total.take() == pieces * (16 << 10))
    }

    @Test func `cancelling the task that reads closes the connection`() throws {
        let (sent, ended) = (Tick(), Handover<Void>())
        let server = try endlessServer(sent, ended)
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port, replyBytesMax: 1 << 40))
        let (begun, failure) = (Handover<Void>(), Handover<TransportError?>())
        let task = test.loop.spawn {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            do throws(TransportError) {
                while try await reply.next() != nil { begun.put(()) }
                failure.put(nil)
            } catch {
                failure.put(error)
            }
        }
        try begun.take()
        task.cancel()
        #expect(try failure.take() == .cancelled)
        try ended.take()
    }

    @Test(arguments: ["head", "whole", "next"])
    func `cancelling works wherever the task waits, and before anything came`(wait: String) throws {
        let (arrived, ended) = (Handover<Void>(), Handover<Bool>())
        let server = try RawServer.afterRequest { socket in
            arrived.put(())
            ended.put(socket.sawEnd())
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        let failure = Handover<TransportError?>()
        let task = test.loop.spawn {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            do throws(TransportError) {
                switch wait {
                case "head": try await reply.head()
                case "whole": _ = try await reply.whole()
                default: _ = try await reply.next()
                }
                failure.put(nil)
            } catch {
                failure.put(error)
            }
        }
        try arrived.take()
        task.cancel()
        #expect(try failure.take() == .cancelled)
        #expect(try ended.take())
    }

    @Test(arguments: [false, true])
    func `letting go of the reply closes the connection, in full flow or paused`(isPaused: Bool) throws {
        let (sent, ended) = (Tick(), Handover<Void>())
        let server = try endlessServer(sent, ended)
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port, replyBytesMax: 1 << 40))
        try test.loop.run {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            _ = try await reply.next()
            if isPaused { await Self.untilPaused(reply) }
        }
        try ended.take()
        // The handle that was given up, perhaps paused, serves again.
        let other = try RawServer.answering { wholeReply($0.text) }
        defer { other.stop() }
        #expect(try test.post(RequestTemplate(port: other.port), body: Array("ok".utf8)).text == "ok")
    }

    @Test func `a handle given up while paused serves the next request of its template`() throws {
        let turn = Tick()
        let server = try RawServer.afterRequest { socket in
            turn.add()
            if turn.count > 1 { return _ = socket.write(wholeReply("fresh")) }
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
            while socket.write([UInt8](repeating: 0x78, count: 1 << 16)) {}
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port, replyBytesMax: 1 << 40))
        try test.loop.run {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            _ = try await reply.next()
            await Self.untilPaused(reply)
            reply.cancel()
        }
        #expect(try test.post(template).text == "fresh")
    }

    @Test func `a rest that is discarded leaves the connection to the next request`() throws {
        let server = try RawServer.answering { _ in
            chunkedHead + (0..<40).map { _ in chunk(String(repeating: "x", count: 10_000)) }.joined()
                + "0\r\n\r\n"
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        for _ in 0..<5 {
            try test.loop.run {
                do {
                    let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
                    _ = try await reply.next()
                    reply.discardRest(within: .seconds(10))
                }
                while client.loop.timers.count > 0 { await Task.yield() }
            }
        }
        #expect(server.accepted == 1)
    }

    @Test func `a rest that does not end is given up after its limit`() throws {
        let (sent, ended) = (Tick(), Handover<Void>())
        let server = try endlessServer(sent, ended)
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port, replyBytesMax: 1 << 40))
        try test.loop.run {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            _ = try await reply.next()
            reply.discardRest(within: .milliseconds(30))
        }
        try ended.take()
    }

    @Test func `stopping the client ends what is in flight, and closes what is kept`() throws {
        let (arrived, ended) = (Handover<Void>(), Handover<Bool>())
        let server = try RawServer.afterRequest { socket in
            arrived.put(())
            ended.put(socket.sawEnd())
        }
        defer { server.stop() }
        let test = try TestClient()
        let (client, template) = (test.client, RequestTemplate(port: server.port))
        let failure = Handover<TransportError?>()
        test.loop.spawn {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(60)))
            do throws(TransportError) {
                _ = try await reply.whole()
                failure.put(nil)
            } catch {
                failure.put(error)
            }
        }
        try arrived.take()
        try test.loop.run { client.stop() }
        #expect(try failure.take() == .cancelled)
        #expect(try ended.take())
    }
}
