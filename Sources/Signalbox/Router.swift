public import SignalboxConfig
public import SignalboxCore
public import SignalboxHTTP
import SignalboxProviders
public import SignalboxTelemetry

/// Routes requests to providers: one for a process, shared by all loops.
public final class Router: Sendable {
    let table: RouteTable
    let events: RouterEvents
    let standingEvents: StandingEvents
    let tracing: RouterTracing
    /// What is remembered of providers, whatever the configuration.
    let standings: any StandingStore
    let room: WaitingRoom
    let sessions: SessionBook
    let time: any TimeSource
    private let workers: [Worker]

    /// - Parameters:
    ///   - spans: takes the spans of requests and attempts; without it none are made.
    ///   - custom: who answers for the configuration's providers of kind `custom`, by their names.
    /// - Throws: ``RouterError`` where the configuration cannot be carried out, or a loop gets no client.
    public init(
        configuration: Configuration, group: EventLoopGroup, registry: MetricRegistry, logger: Logger,
        custom: [String: any CustomProvider] = [:], spans: (any SpanSink)? = nil,
        time: any TimeSource = SystemTime()
    ) throws(RouterError) {
        try configuration.check(custom)
        let standings = MemoryStandings()
        self.standings = standings
        do throws(ProviderSettingsError) {
            table = try RouteTable(
                configuration, standings: standings, at: time.now(), registry: registry, custom: custom)
        } catch {
            throw RouterError(description: "\(error)")
        }
        events = RouterEvents(
            registry: registry, logger: logger, logsContent: configuration.logging.logsContent)
        standingEvents = StandingEvents(logger: logger)
        room = WaitingRoom(
            WaitingRoom.Settings(configuration.routing.queue), providers: standings.names, registry: registry)
        sessions = SessionBook(
            sessionsMax: configuration.routing.affinity.sessionsMax,
            timeToLive: configuration.routing.affinity.timeToLive)
        tracing = RouterTracing(configuration.tracing, sink: spans)
        self.time = time
        var workers: [Worker] = []
        do throws(TransportError) {
            for loop in group.loops {
                workers.append(try Worker(loop: loop, seed: configuration.routing.seed))
            }
        } catch {
            throw RouterError(description: "\(error)")
        }
        self.workers = workers
        let gauges = StandingGauges(registry)
        registry.beforeScrape { [weak self] in
            guard let self else { return }
            gauges.refresh(self.table.providers, at: self.time.now())
        }
        for worker in workers { worker.loop.execute { worker.client.start() } }
    }

    /// The names that clients may ask for.
    public var modelNames: [String] { table.modelNames }

    /// How many tenants there are; with none, everybody is tenant 0, anonymous.
    public var tenants: [Configuration.Tenant] { table.tenants }

    /// Gives a request its place in a trace. On `loop`'s thread.
    /// - Parameters:
    ///   - parent: the caller's span, such as `ServiceContext.current?.traceContext`; nil begins a trace.
    ///   - origin: where the request came from.
    public func trace(
        under parent: TraceContext?, origin: RequestTrace.Origin = .program, on loop: EventLoop
    ) -> RequestTrace {
        tracing.begin(under: parent, origin: origin, on: loop, time)
    }

    /// Begins a request. On `loop`'s thread, where everything about it then happens.
    /// - Parameters:
    ///   - trace: its place in a trace; nil begins one.
    ///   - tenant: its number in the configuration; 0 without tenants.
    ///   - receivedAt: when the request was whole: its time runs from there.
    ///   - wishes: what the caller asks of routing.
    ///   - canceller: who gives the request up: the task that asks for the answer, by being cancelled, or its
    ///     owner through ``RoutedCall/cancel()``, which costs less.
    public func begin(
        _ call: ChatCall, tenant: Int, requestID: String, receivedAt: Instant, trace: RequestTrace? = nil,
        wishes: RoutingWishes = RoutingWishes(), on loop: EventLoop,
        cancelledBy canceller: IncomingReply.Canceller = .task
    ) -> RoutedCall? {
        guard let route = table[call.model] else { return nil }
        return RoutedCall(
            call, route: route, router: self, worker: workers[loop.index],
            caller: RoutedCall.Caller(
                tenant: tenant, tenantLabel: tenantLabel(tenant), requestID: requestID,
                receivedAt: receivedAt, trace: trace ?? self.trace(under: nil, on: loop),
                canceller: canceller, wishes: wishes))
    }

    /// Counts a request that was turned away before a route was found.
    /// - Parameters:
    ///   - tenant: nil where its key belongs to none.
    ///   - receivedAt: when the request was whole.
    public func turnedAway(
        _ trace: RequestTrace, requestID: String, tenant: Int?, outcome: ClientOutcome, status: Int,
        receivedAt: Instant, at now: Instant
    ) {
        let duration = receivedAt.duration(to: now)
        let ending = CallEnding(
            outcome: outcome, status: status, duration: duration, overhead: duration, summary: ReplySummary(),
            failure: nil)
        table.unknown.ended(tenant: tenant ?? table.tenants.count, ending, exemplar: nil)
        guard trace.isRecorded else { return }
        let span = RequestSpan(
            trace: trace, requestID: requestID, route: nil, tenant: tenant.map(tenantLabel), ending: ending)
        tracing.export(span, from: receivedAt, to: now)
    }

    /// An attempt at `provider` has ended: what it took up can be had by others.
    func released(_ provider: ResolvedProvider) {
        room.freed(provider.number)
    }

    private func tenantLabel(_ number: Int) -> String {
        table.tenants.isEmpty ? RouteTable.anonymousTenant : table.tenants[number].id
    }

    /// Closes every connection to providers. After the last request, not from a loop.
    public func shutdown() async {
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
    /// From then on nothing is sent: nobody would hear the answer.
    var isStopped = false

    /// What strategies and pauses are drawn from.
    var random: FastRandom

    init(loop: EventLoop, seed: UInt64?) throws(TransportError) {
        self.loop = loop
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
