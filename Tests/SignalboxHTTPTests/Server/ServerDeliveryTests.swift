import SignalboxCore
import SignalboxHTTP
import SignalboxTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct ServerDeliveryTests {
    @Test func `a handler may wait until its answer has been sent whole`() throws {
        let delivered = Handover<Bool>()
        let test = try TestServer { exchange in
            exchange.respond("answer")
            delivered.put(await exchange.delivered())
        }
        let socket = try test.connect()
        for _ in 0..<2 {
            socket.send("GET", "/")
            #expect(socket.readMessage()?.text == "answer")
            #expect(try delivered.take())
        }
    }

    @Test func `an answer that the client does not read is not delivered before it does`() throws {
        let (answered, delivered) = (Handover<Void>(), Handover<Bool>())
        let isDelivered = Atomic(false)
        // More than the kernel's buffers take.
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 20)
        let test = try TestServer { exchange in
            if exchange.path == "/delivered" {
                return exchange.respond(isDelivered.load(ordering: .acquiring) ? "yes" : "no")
            }
            exchange.respond(Reply(status: 200, body: body))
            answered.put(())
            let isWhole = await exchange.delivered()
            isDelivered.store(true, ordering: .releasing)
            delivered.put(isWhole)
        }
        let slow = try test.connect(receiveBufferBytes: 4096)
        slow.send("GET", "/")
        try answered.take()
        let other = try test.connect()
        other.send("GET", "/delivered")
        #expect(other.readMessage()?.text == "no")
        #expect(slow.readMessage()?.body.count == body.count)
        #expect(try delivered.take())
    }

    @Test func `a handler is told that its client left before it had the whole answer`() throws {
        let (answered, delivered) = (Handover<Void>(), Handover<Bool>())
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 16 << 20)
        let test = try TestServer { exchange in
            exchange.respond(Reply(status: 200, body: body))
            answered.put(())
            delivered.put(await exchange.delivered())
        }
        let socket = try test.connect(receiveBufferBytes: 4096)
        socket.send("GET", "/")
        try answered.take()
        socket.reset()
        #expect(try !delivered.take())
    }

    @Test func `an answer to a client that has left is not delivered`() throws {
        let (started, delivered) = (Handover<Void>(), Handover<Bool>())
        let test = try TestServer { exchange in
            started.put(())
            await Gate().waitUnlessCancelled()
            exchange.respond("too late")
            delivered.put(await exchange.delivered())
        }
        let socket = try test.connect()
        socket.send("GET", "/")
        try started.take()
        socket.reset()
        #expect(try !delivered.take())
    }
}
