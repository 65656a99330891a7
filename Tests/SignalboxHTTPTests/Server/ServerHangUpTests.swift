import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry
import SignalboxTesting
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerHangUpTests {
    @Test(arguments: [false, true])
    func `a client that leaves while its request is handled cancels the handler`(withReset: Bool) throws {
        let (started, ended) = (Handover<Void>(), Handover<Bool>())
        let test = try TestServer { exchange in
            started.put(())
            await Gate().waitUnlessCancelled()
            ended.put(Task.isCancelled && exchange.isClientGone)
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        try started.take()
        if withReset { socket.reset() } else { socket.shutDown() }
        #expect(try ended.take())
        try test.observer.closed.take()
    }

    @Test func `a request after a cancelled one is handled by a task that is not cancelled`() throws {
        let (started, ended) = (Handover<Void>(), Handover<Bool>())
        let test = try TestServer { exchange in
            if exchange.path == "/good" { return exchange.respond(Task.isCancelled ? "cancelled" : "good") }
            started.put(())
            await Gate().waitUnlessCancelled()
            ended.put(Task.isCancelled)
        }
        for _ in 0..<3 {
            let socket = try test.connect()
            socket.send("GET", "/good")
            #expect(socket.readMessage()?.text == "good")
            socket.send("GET", "/bad")
            try started.take()
            socket.reset()
            #expect(try ended.take())
            try test.observer.closed.take()
        }
    }

    @Test func `who asks to hear of a client's departure hears of it once, even if it is late`() throws {
        let (started, heard) = (Handover<Void>(), Handover<String>())
        let test = try TestServer { exchange in
            exchange.whenClientLeaves { heard.put("in time") }
            started.put(())
            await Gate().waitUnlessCancelled()
            exchange.whenClientLeaves { heard.put("late") }
            heard.put("end")
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        try started.take()
        socket.reset()
        #expect(try [heard.take(), heard.take(), heard.take()] == ["in time", "late", "end"])
        try test.observer.closed.take()
    }

    @Test func `an answer to a client that has left goes nowhere, and does no harm`() throws {
        let (started, ended) = (Handover<Void>(), Handover<Void>())
        let test = try TestServer { exchange in
            if exchange.path == "/good" { return exchange.respond("good") }
            started.put(())
            await Gate().waitUnlessCancelled()
            exchange.respond("too late")
            ended.put(())
        }
        let socket = try test.connect()
        socket.send("GET", "/bad")
        try started.take()
        socket.reset()
        try ended.take()
        try test.observer.closed.take()
        let other = try test.connect()
        other.send("GET", "/good")
        #expect(other.readMessage()?.text == "good")
    }

    @Test func `a stream begun after the client has left throws at the first piece`() throws {
        let (started, ended) = (Handover<Void>(), Handover<Bool>())
        let test = try TestServer { exchange in
            started.put(())
            await Gate().waitUnlessCancelled()
            let stream = exchange.stream(status: 200, headers: [])
            var isGone = false
            for _ in 0..<1_000 where !isGone { isGone = (try? await stream.write("piece".utf8)) == nil }
            ended.put(isGone)
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        try started.take()
        socket.reset()
        #expect(try ended.take())
        try test.observer.closed.take()
    }

    @Test(arguments: [false, true])
    func `a client that leaves in mid-stream makes the next writes throw`(withReset: Bool) throws {
        let ended = Handover<Bool>()
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            do throws(ClientGone) {
                while true {
                    try await stream.write("piece ".utf8)
                    await Task.yield()
                }
            } catch {
                ended.put(stream.isClientGone && exchange.isClientGone)
            }
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        #expect(socket.read(until: "piece ").contains("piece "))
        if withReset { socket.reset() } else { socket.shutDown() }
        #expect(try ended.take())
        try test.observer.closed.take()
    }

    @Test func `a client that leaves while the writer is suspended wakes it`() throws {
        let ended = Handover<Bool>()
        let test = try TestServer { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            let piece = [UInt8](repeating: 0x78, count: 1 << 20)
            var isGone = false
            for _ in 0..<1_000 where !isGone { isGone = (try? await stream.write(piece)) == nil }
            ended.put(isGone)
        }
        let socket = try test.connect(receiveBufferBytes: 4_096)
        socket.send("GET", "/")
        #expect(socket.read(until: "xx").contains("xx"))
        socket.reset()
        #expect(try ended.take())
        try test.observer.closed.take()
    }

    /// The provider thinks, or has stalled in mid-stream: nothing is written that could fail.
    @Test(arguments: [false, true])
    func `leaving a silent stream cancels its handler and is forgotten`(isLateStart: Bool) throws {
        let (begun, ended) = (Handover<Void>(), Handover<Bool>())
        let clock = ManualClock()
        let gate = Gate()
        let test = try TestServer(clock: clock) { exchange in
            begun.put(())
            if isLateStart { await gate.wait() }
            let stream = exchange.stream(status: 200, headers: [])
            try? await stream.write("first ".utf8)
            await Gate().waitUnlessCancelled()
            ended.put(stream.isClientGone && exchange.isClientGone)
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        try begun.take()
        // Long enough for the sweep to have seen the request waiting.
        if isLateStart { try test.advance(by: .seconds(1)) }
        gate.open()
        #expect(socket.read(until: "first ").contains("first "))
        try test.advance(by: .seconds(1))
        socket.shutDown()
        for _ in 0..<5 { try test.advance(by: .milliseconds(200)) }
        #expect(try ended.take())
        try test.observer.closed.take()
    }

    @Test func `many clients that come and go at any moment leave nothing behind`() throws {
        let test = try TestServer(loops: 2) { exchange in
            let stream = exchange.stream(status: 200, headers: [])
            for _ in 0..<20 {
                guard (try? await stream.write("piece ".utf8)) != nil else { return }
                await withCheckedContinuation { slow in RawThread.start { slow.resume() } }
            }
            stream.finish()
        }
        var random = FastRandom(seed: 7)
        for _ in 0..<300 {
            let socket = try test.connect()
            socket.send("GET", "/")
            for _ in 0..<Int.random(in: 0...3, using: &random) { _ = socket.read(max: 10) }
            if Bool.random(using: &random) { socket.reset() } else { socket.shutDown() }
        }
        for _ in 0..<300 { try test.observer.closed.take() }
        #expect(test.observer.opened.count == 300 && test.observer.closed.count == 0)
    }
}
