import Glibc
import SignalboxCore
import SignalboxHTTP

/// What happens on a ``DemoStage``. Confined to its loop's thread.
final class DemoPlay: @unchecked Sendable {
    // @unchecked: made on any thread, then touched by the loop's alone.
    private let day: DemoDay
    private let client: HTTPClient
    private var vendors: DemoVendors
    private var callers: DemoCallers
    private var random: FastRandom
    private var startedAt: Instant?
    private var running: Task<Void, Never>?
    private var calls: [Int: Task<Void, Never>] = [:]
    private var callNumber = 0

    /// Requests on their way at once; those that come beyond are left out.
    static let callsMax = 256

    init(_ day: DemoDay, client: HTTPClient) {
        self.day = day
        self.client = client
        vendors = DemoVendors(seed: day.seed)
        callers = DemoCallers(seed: day.seed &+ 1)
        random = FastRandom(seed: day.seed &+ 2)
    }

    private var loop: EventLoop { client.loop }

    /// Before the day begins it is its first moment.
    private var hour: DemoDay.Hour {
        day.hour(at: startedAt.map { max(.zero, $0.duration(to: loop.now())) } ?? .zero)
    }

    // MARK: The world that the daemon calls

    /// `/amber/models` is `/models` of amber; `/bills/globex` is where globex gets its records, and what is
    /// below `/collector` takes telemetry.
    func serve(_ exchange: Exchange) async {
        let name = exchange.path.dropFirst().prefix { $0 != "/" }
        let rest = String(exchange.path.dropFirst(name.count + 1))
        if name == "bills" { return exchange.respond(Reply(status: receipt(for: rest))) }
        if name == "collector" { return exchange.respond(collected) }
        let bearer = "Bearer "
        let authorization = exchange.header("authorization") ?? ""
        let request = DemoVendors.Request(
            vendor: String(name), path: rest,
            key: authorization.hasPrefix(bearer) ? String(authorization.dropFirst(bearer.count)) : nil,
            body: exchange.body, at: SystemTime().wallTime())
        await ScriptedReply(exchange).play(vendors.reply(to: request, at: hour))
    }

    private func receipt(for path: String) -> Int {
        path == "/globex" && hour.troubles.contains(.receiverFails) ? 503 : 204
    }

    /// An empty message says that all was taken. Down together with the receiver of bills.
    private var collected: Reply {
        let isDown = hour.troubles.contains(.receiverFails)
        return Reply(status: isDown ? 503 : 200, headers: [("content-type", "application/x-protobuf")])
    }

    // MARK: The callers of the daemon

    func begin(callersOf address: ListenAddress, _ events: DemoEvents) {
        client.start()
        startedAt = loop.now()
        let templates = DemoCallers.templates(address)
        running = loop.spawn { await self.run(templates, events) }
    }

    /// Nothing is sent any more, and what was is given up.
    func end() {
        running?.cancel()
        for call in calls.values { call.cancel() }
        client.stop()
    }

    private func run(_ templates: [String: RequestTemplate], _ events: DemoEvents) async {
        var earlier = DemoDay.Hour(troubles: [], requestsPerSecond: 0, cedarBalance: 0, birchRemaining: 0)
        do throws(CancellationError) {
            while true {
                let hour = hour
                for change in day.changes(from: earlier, to: hour) { events.changed(change) }
                earlier = hour
                if calls.count < Self.callsMax {
                    send(callers.next(), templates, events)
                } else {
                    events.leftOut()
                }
                // Requests come by chance, so many a second on average; a look at the clock now and then.
                let pause = -log(1 - Double.random(in: 0..<1, using: &random)) / hour.requestsPerSecond
                try await loop.sleep(for: .seconds(min(pause, 1)))
            }
        } catch {
            events.ended()
        }
    }

    private func send(
        _ call: DemoCallers.Call, _ templates: [String: RequestTemplate], _ events: DemoEvents
    ) {
        guard let template = templates[call.tenant] else { preconditionFailure("each tenant has one") }
        callNumber += 1
        let number = callNumber
        calls[number] = loop.spawn {
            await self.finish(call, template, events)
            self.calls[number] = nil
        }
    }

    /// Reads an answer to its end, or leaves in the middle: what became of it, the daemon's metrics tell.
    private func finish(
        _ call: DemoCallers.Call, _ template: RequestTemplate, _ events: DemoEvents
    ) async {
        let reply = client.post(
            template, body: call.body, headers: call.headers,
            deadline: Deadline(at: loop.now().advanced(by: call.patience)))
        do throws(TransportError) {
            try await reply.head()
            while try await reply.next() != nil {}
        } catch {
            events.lost(error)
        }
    }
}
