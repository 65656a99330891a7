import SignalboxCore
import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import SignalboxTesting

/// Fake vendors behind one HTTP server.
final class FakesServer: Sendable {
    private let group: EventLoopGroup
    /// Runs what must not run on a loop of the server.
    private let conductor: EventLoopGroup
    private let server: HTTPServer
    private let desk: FakesDesk
    private let vendors: [(kind: ProviderKind, fake: any FakeVendor)]

    /// Listens, and serves.
    init(
        _ vendors: [(kind: ProviderKind, fake: any FakeVendor)], at address: ListenAddress, remembered: Int
    ) throws {
        self.vendors = vendors
        let desk = FakesDesk(
            Dictionary(uniqueKeysWithValues: vendors.map { ($0.kind.rawValue, $0.fake) }),
            log: RequestLog(countMax: remembered))
        self.desk = desk
        group = try EventLoopGroup(count: 2)
        conductor = try EventLoopGroup(count: 1, name: "conductor")
        let server = try HTTPServer(
            group: group, addresses: [address], limits: ServerLimits(), observer: Unobserved(),
            rejection: { reason, _ in
                Reply(
                    status: 413, headers: [("content-type", "text/plain")], body: Array(reason.rawValue.utf8))
            },
            handler: { await desk.handle($0) })
        self.server = server
        try conductor.loops[0].run { try await server.start() }
    }

    /// Where everything is.
    var greeting: JSONTree {
        let address = "\(server.addresses[0])"
        let urls = vendors.map { kind, fake in
            JSONTree.Member(
                kind.rawValue, .string("http://\(address)/\(kind.rawValue)\(fake.basePath)"))
        }
        return .object(["address": .string(address), "base_urls": .object(urls)])
    }

    func stop() {
        let server = server
        // What still plays is broken off: whoever stops the fakes waits for no answer.
        conductor.loops[0].spawn { await server.drain(within: .zero) }
        conductor.shutdown()
        group.shutdown()
    }
}

/// Nobody measures the fakes.
private struct Unobserved: ServerObserver {
    func connectionOpened() {}
    func connectionClosed() {}
    func rejected(_ reason: RejectionReason) {}
}
