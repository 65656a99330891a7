import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxHTTP

@Suite(.timeLimit(.minutes(2))) struct IncomingReplyTests {
    /// Runs `body` on a loop with a reply that takes up to 1 MiB, and with the producer it speaks to.
    private func onLoop<Value: Sendable>(
        _ body: @escaping @Sendable (IncomingReply, Producer) async throws -> Value
    ) throws -> Value {
        let test = try TestLoop(clock: ManualClock())
        let loop = test.loop
        return try loop.run {
            let (reply, producer) = (IncomingReply(loop: loop, bodyBytesMax: 1 << 20), Producer())
            reply.attach(producer)
            return try await body(reply, producer)
        }
    }

    @Test func `what came before it was asked for is there when it is`() throws {
        let body = try onLoop { reply, _ in
            reply.receiveHead(status: 203, headers: HeaderBlock(["x-a": "b"]))
            _ = Self.feed(reply, "one ")
            _ = Self.feed(reply, "two")
            reply.finish(.success(()))
            try await reply.head()
            return [
                "\(reply.status)", reply.headers["x-a"],
                String(decoding: try await reply.whole(), as: UTF8.self),
            ]
        }
        #expect(body == ["203", "b", "one two"])
    }

    @Test func `pieces come as they were, and an end after them`() throws {
        let pieces = try onLoop { reply, _ in
            reply.receiveHead(status: 200, headers: HeaderBlock())
            async let read = Self.readAll(reply)
            for text in ["a", "bc", "def"] {
                _ = Self.feed(reply, text)
                for _ in 0..<3 { await Task.yield() }
            }
            reply.finish(.success(()))
            return try await read
        }
        #expect(pieces == ["a", "bc", "def"])
    }

    @Test func `a wait for the next piece ends at its moment, and the reply goes on`() throws {
        let ready = try onLoop { reply, producer in
            reply.receiveHead(status: 200, headers: HeaderBlock())
            var ready = [await reply.isReady(by: Instant(nanoseconds: 0))]
            async let later = reply.isReady(by: Instant(nanoseconds: 3_600_000_000_000))
            await Task.yield()
            _ = Self.feed(reply, "a")
            ready.append(await later)
            ready.append(await reply.isReady(by: Instant(nanoseconds: 0)))
            let piece = try await reply.next()
            ready.append(piece == Array("a".utf8))
            reply.finish(.success(()))
            ready.append(await reply.isReady(by: Instant(nanoseconds: 0)))
            let end = try await reply.next()
            return ready + [end == nil, producer.cancelled == 0]
        }
        #expect(ready == [false, true, true, true, true, true, true])
    }

    @Test func `a slow reader's producer is paused once, and resumed by the next read`() throws {
        try onLoop { reply, producer in
            let piece = [UInt8](repeating: 7, count: IncomingReply.bufferBytesMax)
            async let first = reply.next()
            await Task.yield()
            #expect(Self.feed(reply, [1]) == .more)
            let opening = try await first
            #expect(opening == [1])
            #expect(Self.feed(reply, piece) == .more)
            #expect(Self.feed(reply, piece) == .pause)
            #expect(Self.feed(reply, piece) == .pause)
            #expect(producer.resumed == 0)
            let second = try await reply.next()
            #expect(second?.count == piece.count)
            #expect(producer.resumed == 1)
            // What was refused is offered again.
            #expect(Self.feed(reply, piece) == .more)
            let third = try await reply.next()
            #expect(third?.count == piece.count)
            #expect(producer.resumed == 1)
        }
    }

    @Test(arguments: [false, true])
    func `a reply with an owner ends when that cancels it, not when the waiting task is cancelled`(
        isCancelled: Bool
    ) throws {
        let test = try TestLoop(clock: ManualClock())
        let loop = test.loop
        let outcome = try loop.run {
            let reply = IncomingReply(loop: loop, bodyBytesMax: 100, cancelledBy: .owner)
            let producer = Producer()
            reply.attach(producer)
            let read = Task(executorPreference: loop) { () -> String in
                do throws(TransportError) {
                    return String(decoding: try await reply.whole(), as: UTF8.self)
                } catch {
                    return "\(error)"
                }
            }
            await Task.yield()
            read.cancel()
            await Task.yield()
            if isCancelled { reply.cancel() }
            _ = Self.feed(reply, "all of it")
            reply.finish(.success(()))
            return await read.value
        }
        #expect(outcome == (isCancelled ? "\(TransportError.cancelled)" : "all of it"))
    }

    @Test func `one byte over the limit is one too many, however it is read`() throws {
        try onLoop { reply, _ in
            #expect(Self.feed(reply, [UInt8](repeating: 0, count: 1 << 20)) == .more)
            #expect(Self.feed(reply, [0]) == .stop)
            await #expect(throws: TransportError.tooLarge(limit: 1 << 20)) { try await reply.whole() }
        }
    }

    @Test func `what came whole before a failure is read first, and then the failure`() throws {
        try onLoop { reply, _ in
            reply.receiveHead(status: 200, headers: HeaderBlock())
            _ = Self.feed(reply, "part")
            reply.finish(.failure(.cut("gone")))
            try await reply.head()
            let piece = try await reply.next()
            #expect(piece == Array("part".utf8))
            for _ in 0..<2 {
                await #expect(throws: TransportError.cut("gone")) { try await reply.next() }
            }
            await #expect(throws: TransportError.cut("gone")) { try await reply.whole() }
        }
    }

    @Test func `a failure before the head is the head's`() throws {
        try onLoop { reply, _ in
            reply.finish(.failure(.reset("gone")))
            await #expect(throws: TransportError.reset("gone")) { try await reply.head() }
        }
    }

    @Test func `only the first end counts, and nothing is taken after it`() throws {
        try onLoop { reply, _ in
            reply.finish(.success(()))
            reply.finish(.failure(.cancelled))
            reply.receiveHead(status: 500, headers: HeaderBlock())
            #expect(Self.feed(reply, "late") == .stop)
            #expect(reply.status == 0)
            let body = try await reply.whole()
            #expect(body.isEmpty)
        }
    }

    @Test func `cancelling, and letting go, tell the producer`() throws {
        try onLoop { reply, producer in
            reply.cancel()
            #expect(producer.cancelled == 1)
            await #expect(throws: TransportError.cancelled) { try await reply.whole() }
        }
        let cancelled = try onLoop { _, producer in
            do {
                let dropped = IncomingReply(loop: try EventLoop(index: 9), bodyBytesMax: 1)
                dropped.attach(producer)
            }
            return producer.cancelled
        }
        #expect(cancelled == 1)
    }

    @Test func `a rest that is discarded passes unread, and is kept no longer than the limit`() throws {
        try onLoop { reply, producer in
            _ = try await Self.readOne(reply, "first")
            reply.discardRest(within: .seconds(3))
            #expect(producer.kept == [.seconds(3)])
            for _ in 0..<100 { #expect(Self.feed(reply, [UInt8](repeating: 0, count: 1 << 20)) == .more) }
            reply.finish(.success(()))
            reply.discardRest(within: .seconds(4))
            #expect(producer.kept.count == 1)
        }
    }

    // MARK: Steps

    private static func feed(_ reply: IncomingReply, _ bytes: [UInt8]) -> IncomingReply.Intake {
        bytes.withUnsafeBytes { reply.receive($0) }
    }

    private static func feed(_ reply: IncomingReply, _ text: String) -> IncomingReply.Intake {
        feed(reply, Array(text.utf8))
    }

    private static func readOne(_ reply: IncomingReply, _ text: String) async throws -> [UInt8]? {
        _ = feed(reply, text)
        return try await reply.next()
    }

    private static func readAll(_ reply: IncomingReply) async throws -> [String] {
        var pieces: [String] = []
        while let piece = try await reply.next() { pieces.append(String(decoding: piece, as: UTF8.self)) }
        return pieces
    }
}

// @unchecked: touched by the loop's thread only.
private final class Producer: ReplyProducer, @unchecked Sendable {

    private(set) var resumed = 0
    private(set) var cancelled = 0
    private(set) var kept: [Duration] = []

    func resume() { resumed += 1 }
    func cancel() { cancelled += 1 }
    func readerLeft() { cancelled += 1 }
    func keep(_ reply: IncomingReply, for limit: Duration) { kept.append(limit) }
}
