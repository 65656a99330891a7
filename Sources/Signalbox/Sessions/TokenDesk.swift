import SignalboxCore
import SignalboxHTTP
import SignalboxKeys
import Synchronization

/// The tokens of one key, for all loops: carries out what the ``TokenMachine`` decides.
///
/// The lock lasts one decision. Who must wait does so on a loop of its own, and is woken there.
final class TokenDesk: Sendable {
    private struct State {
        var machine: TokenMachine
        /// Bounded by the requests that are under way.
        var waiting: [TokenWait] = []
    }

    private let session: any TokenSession
    let template: RequestTemplate
    private let pacer: TokenPacer
    private let metrics: TokenMetrics
    /// Told of refusals here as well: a token that is renewed ahead of its time belongs to no attempt.
    private let traffic: KeyTraffic
    private let state: Mutex<State>

    /// A token's reply is a few kilobytes at most.
    static let replyBytesMax = 64 << 10
    /// For one request for a token, whatever the provider's own limits.
    static let timeout: Duration = .seconds(20)
    /// A request whose turn is further away than this is not made.
    static let turnMax: Duration = .seconds(10)

    init(
        _ session: any TokenSession, pacer: TokenPacer, metrics: TokenMetrics, traffic: KeyTraffic,
        timeouts: TransferTimeouts, authorityFile: String?
    ) {
        self.session = session
        self.pacer = pacer
        self.metrics = metrics
        self.traffic = traffic
        let total = min(TokenDesk.timeout, timeouts.total)
        template = RequestTemplate(
            url: session.url, headers: session.headers,
            timeouts: TransferTimeouts(
                connect: timeouts.connect, firstByte: total, idle: total, total: total),
            replyBytesMax: TokenDesk.replyBytesMax, authorityFile: authorityFile)
        state = Mutex(
            State(
                machine: TokenMachine(
                    bodyCount: session.bodies.count, usualLifetime: session.usualLifetime)))
    }

    func header(_ held: TokenMachine.Held) -> RequestHeader {
        let field = session.authorization(held.token)
        return RequestHeader(field.name, secret: field.value)
    }

    /// What to do now, on `worker`'s thread; a request for a token that is due begins here.
    /// - Parameters:
    ///   - rejected: a token that the vendor refused, and how.
    ///   - canceller: who ends the wait.
    func ask(
        rejected: (generation: Int, failure: UpstreamFailure)?, on worker: Worker, _ time: any TimeSource,
        cancelledBy canceller: IncomingReply.Canceller
    ) -> TokenAnswer {
        let now = worker.loop.now()
        let (answer, wait) = state.withLock { state -> (TokenMachine.Answer, TokenWait?) in
            let answer = state.machine.ask(
                at: now, rejected: rejected.map { ($0.generation, $0.failure) })
            switch answer {
            case .use, .useAndFetch, .refuse: return (answer, nil)
            case .fetch, .wait:
                let wait = TokenWait(loop: worker.loop, cancelledBy: canceller)
                state.waiting.append(wait)
                return (answer, wait)
            }
        }
        switch answer {
        case .use(let held): return .token(held)
        case .useAndFetch(let held, let body):
            fetch(body, on: worker, time)
            return .token(held)
        case .refuse(let failure): return .failure(failure)
        case .fetch(let body): fetch(body, on: worker, time)
        case .wait: break
        }
        guard let wait else { preconditionFailure("who has no answer waits") }
        return .wait(wait.reply)
    }

    /// The request belongs to no caller: one that leaves must not take it from the others.
    private func fetch(_ body: Int, on worker: Worker, _ time: any TimeSource) {
        worker.loop.spawn { await self.run(from: body, on: worker, time) }
    }

    private func run(from first: Int, on worker: Worker, _ time: any TimeSource) async {
        var body = first
        while true {
            let reply = await request(body, on: worker, time)
            metrics.ended(reply.failure?.kind)
            let (now, wall) = (worker.loop.now(), time.wallTime())
            let (next, woken) = state.withLock { state -> (TokenMachine.Next, [TokenWait]) in
                let next = state.machine.ended(reply, at: now, wall: wall)
                guard next == .done else { return (next, []) }
                defer { state.waiting = [] }
                return (next, state.waiting)
            }
            switch next {
            case .fetch(let other): body = other
            case .done:
                if let failure = reply.failure?.kind { traffic.ended(failure, at: now) }
                for wait in woken { wait.wake() }
                return
            }
        }
    }

    private func request(_ body: Int, on worker: Worker, _ time: any TimeSource) async -> TokenReply {
        let now = worker.loop.now()
        guard let turn = pacer.turn(at: now, within: TokenDesk.turnMax) else {
            return .failure(
                UpstreamFailure(.rateLimited, message: "too many keys ask for tokens at the same time"))
        }
        if turn > now {
            do throws(CancellationError) { try await worker.loop.sleep(until: turn) } catch {
                return .failure(UpstreamFailure(.cancelled, message: "the router is shutting down"))
            }
        }
        guard !worker.isStopped else {
            return .failure(UpstreamFailure(.cancelled, message: "the router is shutting down"))
        }
        var headers: [RequestHeader] = []
        if let name = session.requestIDHeader {
            headers.append(RequestHeader(name, UUIDText.random(using: &worker.loop.random)))
        }
        let reply = worker.client.post(
            template, body: session.bodies[body], headers: headers,
            deadline: Deadline(at: worker.loop.now().advanced(by: template.timeouts.total)),
            cancelledBy: .owner)
        do throws(TransportError) {
            let bytes = try await reply.whole()
            return session.judge(
                WholeReply(
                    status: reply.status, headers: reply.headers, body: bytes, receivedAt: time.wallTime()))
        } catch {
            return .failure(UpstreamFailure(error, status: reply.status))
        }
    }
}

/// What a call gets that asks for a token.
enum TokenAnswer {
    case token(TokenMachine.Held)
    case failure(UpstreamFailure)
    /// Ask again when this has ended; a reply that nothing is sent for, so that a call gives it up like any
    /// other.
    case wait(IncomingReply)
}

/// One call that waits for a token.
struct TokenWait: Sendable {
    let loop: EventLoop
    let reply: IncomingReply

    init(loop: EventLoop, cancelledBy canceller: IncomingReply.Canceller) {
        self.loop = loop
        reply = IncomingReply(loop: loop, bodyBytesMax: 0, cancelledBy: canceller)
    }

    /// From any thread.
    func wake() {
        let reply = reply
        loop.execute { reply.finish(.success(())) }
    }
}

/// The ``TokenPace`` of one provider, for all its keys on all loops.
final class TokenPacer: Sendable {
    private let pace: Mutex<TokenPace>

    init(interval: Duration) {
        pace = Mutex(TokenPace(interval: interval))
    }

    /// Nil where it would be further away than `limit`.
    func turn(at now: Instant, within limit: Duration) -> Instant? {
        pace.withLock { $0.slot(at: now, within: limit) }
    }
}
