import SignalboxCore
import SignalboxTelemetry
import SignalboxTesting
import Synchronization

@testable import SignalboxHTTP

/// A server on loops of its own, and what it told its observer. Ends with the test that made it.
final class TestServer: Sendable {
    let group: EventLoopGroup
    let observer = RecordingObserver()
    let server: HTTPServer
    /// Runs what must not run on a loop of the server.
    private let conductor: TestLoop
    private let clock: ManualClock?
    private let hasBegunDrain = Mutex(false)
    private let drained = Handover<Void>()

    /// - Parameter clock: moved by the test; nil for the system's.
    init(
        loops: Int = 1, on addresses: [String] = ["127.0.0.1:0"], limits: ServerLimits = ServerLimits(),
        clock: ManualClock? = nil, handler: @escaping @Sendable (Exchange) async -> Void
    ) throws {
        self.clock = clock
        conductor = try TestLoop()
        let group = try EventLoopGroup(count: loops, clock: clock ?? SystemTime())
        self.group = group
        var isServing = false
        defer { if !isServing { group.shutdown() } }
        server = try HTTPServer(
            group: group, addresses: addresses.compactMap { ListenAddress($0) }, limits: limits,
            observer: observer,
            rejection: { reason, _ in
                Reply(status: 413, headers: [("x-why", reason.rawValue)], body: Array("no".utf8))
            },
            handler: handler)
        let server = server
        try conductor.loop.run { try await server.start() }
        isServing = true
    }

    deinit {
        finish()
    }

    var port: Int { Int(server.addresses[0].port) }

    func connect(receiveBufferBytes: Int32? = nil) throws -> RawSocket {
        try RawSocket.connect(port: port, receiveBufferBytes: receiveBufferBytes)
    }

    /// Lets every loop finish what it is at, moves the clock, and lets every loop act on it.
    func advance(by duration: Duration) throws {
        try settle()
        clock?.advance(by: duration)
        try settle()
    }

    private func settle() throws {
        for loop in group.loops {
            for _ in 0..<3 { try loop.run { await Task.yield() } }
        }
    }

    /// Begins to drain, its time running; the handover gets its value when the server has drained.
    func beginDrain(within limit: Duration) throws -> Handover<Void> {
        let before = try timerCounts()
        startDrain(within: limit)
        // Each loop has armed its limit, or is done already: only then may a test move the clock.
        for _ in 0..<100_000 where drained.count == 0 {
            if zip(try timerCounts(), before).allSatisfy({ $0 > $1 }) { break }
        }
        // And what the conductor's same jobs asked of the loops has been done.
        try conductor.settle()
        try settle()
        return drained
    }

    private func timerCounts() throws -> [Int] {
        try group.loops.map { loop in try loop.run { loop.armedTimers } }
    }

    private func startDrain(within limit: Duration) {
        hasBegunDrain.withLock { $0 = true }
        let (server, drained) = (server, drained)
        conductor.loop.spawn {
            await server.drain(within: limit)
            drained.put(())
        }
    }

    /// Whatever a failed test has left in flight ends with its time.
    private func finish() {
        let hasBegun = hasBegunDrain.withLock { $0 }
        if !hasBegun { startDrain(within: .zero) }
        for _ in 0..<3 { try? advance(by: .seconds(3600)) }
        // A server that does not drain has failed the test that says so already.
        if !hasBegun { _ = try? drained.take() }
        group.shutdown()
    }
}

/// Counts what a server reports, and hands it on to a test that waits for it.
final class RecordingObserver: ServerObserver {
    let opened = Handover<Void>()
    let closed = Handover<Void>()
    let rejections = Handover<RejectionReason>()

    func connectionOpened() { opened.put(()) }
    func connectionClosed() { closed.put(()) }
    func rejected(_ reason: RejectionReason) { rejections.put(reason) }
}

extension RawSocket {
    /// Sends one request; `fields` are whole header lines without line breaks.
    func send(_ method: String, _ path: String, _ fields: [String] = [], body: String? = nil) {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for field in fields { text += field + "\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        write(text + "\r\n" + (body ?? ""))
    }

    /// Whether the peer ends the connection, orderly or not, rather than fall silent. Reads what comes
    /// before.
    func sawEnd() -> Bool {
        while let more = read() {
            if more.isEmpty { return true }
        }
        return wasReset
    }
}

extension Exchange {
    var bodyText: String { String(decoding: body, as: UTF8.self) }

    func respond(_ text: String) {
        respond(Reply(status: 200, body: Array(text.utf8)))
    }
}
