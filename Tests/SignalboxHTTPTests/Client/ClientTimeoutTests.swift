import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

/// The clock stands still between the steps of these tests: nothing here depends on how fast they run.
@Suite(.timeLimit(.minutes(2))) struct ClientTimeoutTests {
    private let clock = ManualClock()
    private let timeouts = TransferTimeouts(
        connect: .seconds(20), firstByte: .seconds(10), idle: .seconds(5), total: .seconds(60))

    /// A request in flight: what it is told is waited for step by step.
    private final class Flight: Sendable {
        let pieces = Handover<String>()
        let end = Handover<TransportError?>()

        init(_ test: TestClient, _ template: RequestTemplate, within limit: Duration = .seconds(3600)) {
            let (client, pieces, end) = (test.client, pieces, end)
            test.loop.spawn {
                let reply = client.post(template, body: [1], deadline: client.deadline(in: limit))
                do throws(TransportError) {
                    try await reply.head()
                    pieces.put("head")
                    while let piece = try await reply.next() {
                        pieces.put(String(decoding: piece, as: UTF8.self))
                    }
                    end.put(nil)
                } catch {
                    end.put(error)
                }
            }
        }
    }

    @Test func `silence after the request: first byte`() throws {
        let arrived = Handover<Void>()
        let server = try RawServer.afterRequest { socket in
            arrived.put(())
            _ = socket.read()
        }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        let flight = Flight(test, RequestTemplate(port: server.port, timeouts: timeouts))
        try arrived.take()
        try test.test.advance(clock, by: .seconds(9))
        #expect(flight.end.count == 0)
        try test.test.advance(clock, by: .seconds(1))
        #expect(try flight.end.take() == .timeout(.firstByte))
    }

    @Test(arguments: [Duration.seconds(10), .seconds(2), .seconds(100)])
    func `a reply that stalls: idle, counted from its last piece`(firstByte: Duration) throws {
        let next = Handover<String>()
        let server = try RawServer.afterRequest { socket in
            socket.write(chunkedHead)
            while let text = try? next.take(), !text.isEmpty { socket.write(chunk(text)) }
        }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        var timeouts = timeouts
        timeouts.firstByte = firstByte
        let flight = Flight(test, RequestTemplate(port: server.port, timeouts: timeouts))
        #expect(try flight.pieces.take() == "head")
        for _ in 0..<5 {
            next.put("piece")
            #expect(try flight.pieces.take() == "piece")
            try test.test.advance(clock, by: .seconds(4))
            #expect(flight.end.count == 0)
        }
        try test.test.advance(clock, by: .seconds(1))
        #expect(flight.end.count == 1)
        #expect(try flight.end.take() == .timeout(.idle))
        next.put("")
    }

    @Test(arguments: [true, false])
    func `a reply that goes on for too long: total, by its template or its deadline`(isOwn: Bool) throws {
        let next = Handover<String>()
        let server = try RawServer.afterRequest { socket in
            socket.write(chunkedHead)
            while let text = try? next.take(), !text.isEmpty { socket.write(chunk(text)) }
        }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        var timeouts = timeouts
        if !isOwn { timeouts.total = .seconds(1_000) }
        let flight = Flight(
            test, RequestTemplate(port: server.port, timeouts: timeouts),
            within: isOwn ? .seconds(1_000) : .seconds(60))
        #expect(try flight.pieces.take() == "head")
        for _ in 0..<19 {
            next.put("piece")
            #expect(try flight.pieces.take() == "piece")
            try test.test.advance(clock, by: .seconds(3))
        }
        next.put("piece")
        #expect(try flight.pieces.take() == "piece")
        #expect(flight.end.count == 0)
        try test.test.advance(clock, by: .seconds(3))
        #expect(try flight.end.take() == .timeout(.total))
        next.put("")
    }

    @Test func `a reader that pauses is not the provider's stall, but a stall after it is`() throws {
        let server = try RawServer.afterRequest { socket in
            socket.write("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
            socket.write([UInt8](repeating: 0x78, count: 4 << 20))
            _ = socket.read()
        }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        var timeouts = timeouts
        timeouts.total = .seconds(1_000)
        let (client, clock) = (test.client, clock)
        let template = RequestTemplate(port: server.port, timeouts: timeouts, replyBytesMax: 1 << 30)
        let (gate, paused, end) = (Gate(), Handover<Void>(), Handover<TransportError?>())
        test.loop.spawn {
            let reply = client.post(template, body: [1], deadline: client.deadline(in: .seconds(3600)))
            do throws(TransportError) {
                _ = try await reply.next()
                paused.put(())
                await gate.wait()
                while try await reply.next() != nil {}
                end.put(nil)
            } catch {
                end.put(error)
            }
        }
        try paused.take()
        for _ in 0..<10 { try test.test.advance(clock, by: .seconds(10)) }
        #expect(end.count == 0)
        gate.open()
        var rounds = 0
        while end.count == 0 && rounds < 30 {
            // All that was sent is read first, as far as the machine is slow: a minute of the clock at most.
            for _ in 0..<100 { try test.test.settle() }
            try test.test.advance(clock, by: .seconds(2))
            rounds += 1
        }
        #expect(try end.take() == .timeout(.idle))
    }

    @Test func `a deadline that has passed ends the request at once`() throws {
        let server = try RawServer.answering { _ in wholeReply("never mind") }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        let flight = Flight(test, RequestTemplate(port: server.port), within: .seconds(-1))
        try test.test.settle()
        #expect(try flight.end.take() == .timeout(.total))
    }

    @Test func `a request that ended leaves no timer behind`() throws {
        let server = try RawServer.answering { _ in wholeReply("done") }
        defer { server.stop() }
        let test = try TestClient(clock: clock)
        let template = RequestTemplate(port: server.port, timeouts: timeouts)
        for _ in 0..<5 { #expect(try test.post(template).text == "done") }
        let loop = test.loop
        #expect(try loop.run { loop.timers.count } == 0)
    }
}
