public import SignalboxConfig
public import SignalboxCore
public import SignalboxHTTP
import SignalboxProviders
public import SignalboxTelemetry
public import SignalboxUsage
import Synchronization

/// Routes requests to providers: one for a process, shared by all loops.
public final class Router: Sendable {
    /// For whoever changes the configuration: loops have their own.
    struct Current: Sendable {
        var generation: Generation
        var isShutDown = false
    }

    let events: RouterEvents
    let standingEvents: StandingEvents
    let decisions: DecisionEvents
    let budgetEvents: BudgetEvents
    let lasting: LastingParts
    let room: WaitingRoom
    let sessions: SessionBook
    let time: any TimeSource
    /// Nil where nobody wants to know what requests use.
    let books: UsageBooks?
    let workers: [Worker]
    let current: Mutex<Current>

    /// - Parameters:
    ///   - spans: takes the spans of requests and attempts; without it none are made.
    ///   - custom: who answers for the configuration's providers of kind `custom`, by their names.
    ///   - usage: where what requests use is written down; nil for nowhere.
    ///   - onRoute: hears each decision, on the request's loop: it must not block, nor take long.
    ///   - onBudget: hears, once a period, that much of a budget is used up, and that a request was refused;
    ///     on the request's loop, like `onRoute`.
    /// - Throws: ``RouterError`` where the configuration cannot be carried out, or a loop gets no client.
    public init(
        configuration: Configuration, group: EventLoopGroup, registry: MetricRegistry, logger: Logger,
        custom: [String: any CustomProvider] = [:], spans: (any SpanSink)? = nil,
        usage: UsageBooks? = nil,
        onRoute: (@Sendable (RouteEvent) -> Void)? = nil,
        onBudget: (@Sendable (BudgetNotice) -> Void)? = nil, time: any TimeSource = SystemTime()
    ) throws(RouterError) {
        lasting = LastingParts(registry)
        books = usage
        let generation = try Generation(
            configuration, custom: custom, spans: spans, lasting: lasting, at: time.now(),
            wallTime: time.wallTime())
        current = Mutex(Current(generation: generation))
        events = RouterEvents(logger: logger)
        standingEvents = StandingEvents(logger: logger)
        decisions = DecisionEvents(logger: logger, listener: onRoute)
        budgetEvents = BudgetEvents(logger: logger) { notice in
            usage?.tell(notice)
            onBudget?(notice)
        }
        let queue = WaitingRoom.Settings(configuration.routing.queue)
        room = WaitingRoom(queue, depths: lasting.queueDepths, registry: registry)
        sessions = SessionBook(
            sessionsMax: configuration.routing.affinity.sessionsMax,
            timeToLive: configuration.routing.affinity.timeToLive, registry: registry)
        self.time = time
        var workers: [Worker] = []
        do throws(TransportError) {
            for loop in group.loops {
                workers.append(try Worker(loop: loop, generation, seed: configuration.routing.seed))
            }
        } catch {
            throw RouterError(description: "\(error)")
        }
        self.workers = workers
        let gauges = StandingGauges(registry)
        let budgetGauges = BudgetGauges(registry)
        registry.beforeScrape { [weak self] in
            guard let self else { return }
            gauges.refresh(self.currentTable.providers, at: self.time.now())
            self.sessions.tell()
            budgetGauges.refresh(self.currentTable.budgetStandings(at: self.time.wallTime()))
        }
        for worker in workers { worker.loop.execute { worker.client.start() } }
    }

    /// For those who are on no loop.
    var currentTable: RouteTable { current.withLock { $0.generation.table } }

    /// What is in force; loops may be about to follow.
    public var configuration: Configuration { current.withLock { $0.generation.configuration } }

    /// The names that clients may ask for.
    public var modelNames: [String] { current.withLock { $0.generation.table.modelNames } }

    /// Who may call; with none, everybody is tenant 0, anonymous.
    public var tenants: [Configuration.Tenant] { configuration.tenants }

    /// Gives a request its place in a trace. On `loop`'s thread.
    /// - Parameters:
    ///   - parent: the caller's span, such as `ServiceContext.current?.traceContext`; nil begins a trace.
    ///   - origin: where the request came from.
    public func trace(
        under parent: TraceContext?, origin: RequestTrace.Origin = .program, on loop: EventLoop
    ) -> RequestTrace {
        workers[loop.index].generation.tracing.begin(under: parent, origin: origin, on: loop, time)
    }

    /// Begins a request. On `loop`'s thread, where everything about it then happens.
    /// - Parameters:
    ///   - trace: its place in a trace; nil begins one.
    ///   - tenant: its number in the configuration in force on `loop`; 0 without tenants.
    ///   - tenantKey: which of the tenant's keys it came with, by its place among them; nil where nobody
    ///     can say.
    ///   - receivedAt: when the request was whole: its time runs from there.
    ///   - wishes: what the caller asks of routing.
    ///   - canceller: who gives the request up: the task that asks for the answer, by being cancelled, or its
    ///     owner through ``RoutedCall/cancel()``, which costs less.
    public func begin(
        _ call: ChatCall, tenant: Int, tenantKey: Int? = nil, requestID: String, receivedAt: Instant,
        trace: RequestTrace? = nil, wishes: RoutingWishes = RoutingWishes(), on loop: EventLoop,
        cancelledBy canceller: IncomingReply.Canceller = .task
    ) -> RoutedCall? {
        let worker = workers[loop.index]
        let generation = worker.generation
        guard let route = generation.table[call.model] else { return nil }
        return RoutedCall(
            call, route: route, of: generation, router: self, worker: worker,
            caller: RoutedCall.Caller(
                tenant: tenant, tenantLabel: generation.table.tenantLabel(tenant),
                tenantKey: tenantKey.flatMap { generation.table.keyAlias($0, ofTenant: tenant) },
                requestID: requestID, receivedAt: receivedAt,
                trace: trace ?? self.trace(under: nil, on: loop),
                canceller: canceller, wishes: wishes))
    }

    /// Counts a request that was turned away before a route was found. On `loop`'s thread.
    /// - Parameters:
    ///   - tenant: nil where its key belongs to none.
    ///   - receivedAt: when the request was whole.
    public func turnedAway(
        _ trace: RequestTrace, requestID: String, tenant: Int?, outcome: ClientOutcome, status: Int,
        receivedAt: Instant, at now: Instant, on loop: EventLoop
    ) {
        let generation = workers[loop.index].generation
        let table = generation.table
        let duration = receivedAt.duration(to: now)
        let ending = CallEnding(
            outcome: outcome, status: status, duration: duration, overhead: duration, summary: ReplySummary(),
            failure: nil)
        table.unknown.ended(tenant: tenant ?? table.nobody, ending, exemplar: nil)
        guard trace.isRecorded else { return }
        let span = RequestSpan(
            trace: trace, requestID: requestID, route: nil, tenant: tenant.map(table.tenantLabel),
            ending: ending)
        generation.tracing.export(span, from: receivedAt, to: now)
    }

    /// An attempt at `provider` has ended: what it took up can be had by others.
    func released(_ provider: ResolvedProvider) {
        room.freed(provider.number)
    }

    /// Closes every connection to providers. After the last request, not from a loop.
    public func shutdown() async {
        current.withLock { $0.isShutDown = true }
        for worker in workers {
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                worker.loop.execute {
                    worker.isStopped = true
                    worker.client.stop()
                    done.resume()
                }
            }
        }
    }
}

/// What a router has on each loop.
final class Worker: @unchecked Sendable {
    // @unchecked: touched by its loop's thread only.
    let loop: EventLoop
    let client: HTTPClient
    /// What requests begin with: read without a lock, replaced on this thread.
    var generation: Generation
    /// From then on nothing is sent: nobody would hear the answer.
    var isStopped = false

    /// What strategies and pauses are drawn from.
    var random: FastRandom

    init(loop: EventLoop, _ generation: Generation, seed: UInt64?) throws(TransportError) {
        self.loop = loop
        self.generation = generation
        random = seed.map { FastRandom(seed: $0 &+ UInt64(loop.index)) } ?? FastRandom()
        client = try HTTPClient(loop: loop)
    }

    /// - Parameter origin: what an embedder's provider is told of the request.
    func send(
        _ call: ChatCall, body: [UInt8], headers: [RequestHeader], to provider: ResolvedProvider,
        from origin: (requestID: String, time: any TimeSource), over transport: ResolvedCandidate.Transport,
        deadline: Deadline,
        cancelledBy canceller: IncomingReply.Canceller
    ) -> IncomingReply {
        switch transport {
        case .http(let template):
            return client.post(
                template, body: body, headers: headers, deadline: deadline, cancelledBy: canceller)
        case .custom(let target):
            return CustomPlayer.play(
                target, call, body: body, requestID: origin.requestID, at: origin.time.wallTime(), on: loop,
                timeouts: provider.timeouts, replyBytesMax: provider.replyBytesMax, deadline: deadline,
                cancelledBy: canceller)
        case .script(let script):
            return ScriptPlayer.play(
                script(call), on: loop, timeouts: provider.timeouts,
                replyBytesMax: provider.replyBytesMax, deadline: deadline, cancelledBy: canceller)
        }
    }
}

/// A router that could not be made.
public struct RouterError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
