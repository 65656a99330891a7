public import SignalboxCore
import SignalboxHTTP
public import SignalboxTelemetry

/// Plays a ``DemoDay``: the vendors and the receiver of bills behind one server on the loopback interface,
/// and the callers of the daemon. On a thread of its own, where everything happens.
///
///     let stage = try DemoStage(day)
///     try await stage.open()                // then the daemon starts, with the vendors at stage.address
///     stage.begin(callersOf: daemon, logger: logger)
///     …
///     await stage.close()                   // then the daemon ends
///     await stage.clear()
public final class DemoStage: Sendable {
    private let group: EventLoopGroup
    private let server: HTTPServer
    private let play: DemoPlay

    /// Binds a free port of the loopback interface.
    /// - Throws: ``DemoError`` where the system gives no thread, port or client.
    public init(_ day: DemoDay) throws(DemoError) {
        do {
            group = try EventLoopGroup(count: 1, name: "demo")
            let play = DemoPlay(day, client: try HTTPClient(loop: group.loops[0]))
            self.play = play
            server = try HTTPServer(
                group: group, addresses: [ListenAddress(.loopback, port: 0)], limits: ServerLimits(),
                observer: DemoAudience(),
                rejection: { reason, _ in Reply(status: 413, body: Array(reason.rawValue.utf8)) },
                handler: { await play.serve($0) })
        } catch {
            throw DemoError(description: "the demonstration cannot be played: \(error)")
        }
    }

    /// Where the vendors are.
    public var address: ListenAddress { server.addresses[0] }

    /// Serves the vendors. Not from a loop.
    public func open() async throws(DemoError) {
        do throws(SystemError) {
            try await server.start()
        } catch {
            throw DemoError(description: "the demonstration cannot be played: \(error)")
        }
    }

    /// The day begins, and with it the requests to the daemon at `address`.
    /// - Parameter logger: is told of each trouble.
    public func begin(callersOf address: ListenAddress, logger: Logger) {
        let play = play
        group.loops[0].execute { play.begin(callersOf: address, DemoEvents(logger: logger)) }
    }

    /// No more callers; what is on its way is broken off. Once, not from a loop.
    public func close() async {
        let (play, loop) = (play, group.loops[0])
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            loop.execute {
                play.end()
                done.resume()
            }
        }
    }

    /// The vendors leave, too: after the daemon, which may still want something of them.
    public func clear() async {
        await server.drain(within: .zero)
        group.shutdown()
    }
}

/// Why a day cannot be played.
public struct DemoError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// Nobody measures the stage.
private struct DemoAudience: ServerObserver {
    func connectionOpened() {}
    func connectionClosed() {}
    func rejected(_ reason: RejectionReason) {}
}
