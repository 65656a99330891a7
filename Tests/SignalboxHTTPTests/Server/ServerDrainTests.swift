import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerDrainTests {
    @Test func `draining an idle server ends at once, and closes what rests`() throws {
        let test = try TestServer(loops: 2, clock: ManualClock()) { $0.respond("ok") }
        let (used, fresh) = (try test.connect(), try test.connect())
        used.send("GET", "/")
        #expect(used.readMessage()?.text == "ok")
        for _ in 0..<2 { try test.observer.opened.take() }
        let done = try test.beginDrain(within: .seconds(60))
        try done.take()
        #expect(used.sawEnd() && fresh.sawEnd())
        #expect(test.observer.rejections.count == 0)
        #expect(throws: RawSocketError.self) { try test.connect() }
    }

    @Test func `draining lets requests in flight end, and then closes their connections`() throws {
        let (started, gate) = (Handover<Void>(), Gate())
        let test = try TestServer(loops: 2, clock: ManualClock()) { exchange in
            started.put(())
            await gate.wait()
            if exchange.path == "/whole" { return exchange.respond("whole") }
            let stream = exchange.stream(status: 200, headers: [])
            for _ in 0..<3 { try? await stream.write("streamed ".utf8) }
            stream.finish()
        }
        let (whole, streamed) = (try test.connect(), try test.connect())
        whole.send("GET", "/whole")
        streamed.send("GET", "/streamed")
        for _ in 0..<2 { try started.take() }
        let done = try test.beginDrain(within: .seconds(60))
        try test.advance(by: .seconds(1))
        #expect(done.count == 0)
        gate.open()
        let reply = try #require(whole.readMessage())
        #expect(reply.text == "whole" && reply.header("connection")?.lowercased() == "close")
        #expect(streamed.readMessage()?.text == "streamed streamed streamed ")
        #expect(whole.sawEnd() && streamed.sawEnd())
        try done.take()
        #expect(test.observer.rejections.count == 0)
    }

    @Test func `a stream that has begun before the drain ends whole`() throws {
        let gate = Gate()
        let test = try TestServer(clock: ManualClock()) { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            try? await stream.write("begun ".utf8)
            await gate.wait()
            try? await stream.write("ended".utf8)
            stream.finish()
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        let begun = socket.read(until: "begun ")
        let done = try test.beginDrain(within: .seconds(60))
        try test.advance(by: .seconds(1))
        gate.open()
        let rest = begun + socket.readToEnd()
        #expect(rest.contains("begun ") && rest.contains("ended") && rest.hasSuffix("0\r\n\r\n"))
        try done.take()
    }

    @Test(arguments: ["/whole", "/silent", "/begun"])
    func `what has not ended within the limit is given up`(path: String) throws {
        let (started, ended) = (Handover<Void>(), Handover<Bool>())
        let test = try TestServer(clock: ManualClock()) { exchange in
            let stream = exchange.path == "/whole" ? nil : exchange.stream(status: 200, headers: [])
            if exchange.path == "/begun" { try? await stream?.write("begun".utf8) }
            started.put(())
            await Gate().waitUnlessCancelled()
            ended.put(Task.isCancelled)
        }
        let socket = try test.connect()
        socket.send("GET", path)
        try started.take()
        let done = try test.beginDrain(within: .seconds(60))
        try test.advance(by: .seconds(59))
        #expect(ended.count == 0 && done.count == 0)
        try test.advance(by: .seconds(2))
        #expect(try ended.take())
        #expect(try test.observer.rejections.take() == .drainTimeout)
        try done.take()
        #expect(!socket.readToEnd().contains("0\r\n\r\n"))
    }

    @Test func `half a request keeps a draining server no longer than the limit`() throws {
        let test = try TestServer(clock: ManualClock()) { $0.respond("ok") }
        let socket = try test.connect()
        try test.observer.opened.take()
        socket.write("POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n12")
        for _ in 0..<20 { try test.advance(by: .zero) }
        let done = try test.beginDrain(within: .seconds(5))
        try test.advance(by: .seconds(4))
        #expect(done.count == 0)
        try test.advance(by: .seconds(2))
        try done.take()
        #expect(socket.sawEnd())
    }

    @Test func `a drain under load answers or refuses every request, and ends`() throws {
        let test = try TestServer(loops: 2) { $0.respond("ok") }
        let ended = Handover<Int>()
        for _ in 0..<4 {
            let socket = try test.connect()
            RawThread.start {
                var answered = 0
                while true {
                    socket.send("GET", "/")
                    guard let reply = socket.readMessage() else { break }
                    answered += reply.isWhole && reply.text == "ok" ? 1 : -1_000_000
                }
                ended.put(answered)
            }
        }
        for _ in 0..<4 { try test.observer.opened.take() }
        try test.beginDrain(within: .seconds(60)).take()
        for _ in 0..<4 { #expect(try ended.take() >= 0) }
        #expect(test.observer.rejections.count == 0)
    }
}
