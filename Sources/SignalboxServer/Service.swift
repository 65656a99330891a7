import Glibc
import Signalbox
public import SignalboxConfig
public import SignalboxCore
import SignalboxHTTP
public import SignalboxTelemetry
import Synchronization

/// A whole daemon in one value: loops, router, both listeners. Started once, drained once.
public final class Service: Sendable {
    /// Where the public listener really listens.
    public let addresses: [ListenAddress]
    public let adminAddress: ListenAddress
    /// What is in force, settings that need a restart as they were at the start.
    let running: Mutex<Configuration>
    let source: Source?
    private let group: EventLoopGroup
    /// The admin listener's loop, and the one whose thread renders the metrics: callers wait for neither.
    let adminGroup: EventLoopGroup
    private let renderGroup: EventLoopGroup
    let router: Router
    /// Nil where records of usage are not kept.
    let books: UsageBooks?
    let keyChecks: KeyChecks
    /// Nil where telemetry is exported nowhere.
    private let exporter: TelemetryExporter?
    let servers: (public: HTTPServer, admin: HTTPServer)
    let desks: PublicDesks
    let admin: AdminAPI
    let scrapes: Scrapes
    let events: ServerEvents
    let time: any TimeSource
    let startedAt: WallTime
    let turns = ReloadTurns()
    private let readiness = Readiness()

    /// Loads the configuration again. Called on a thread that may wait for a disk.
    public typealias Source = @Sendable () throws(ConfigurationMistakes) -> Configuration

    /// Binds the listeners; nothing is served before ``start()``.
    /// - Parameters:
    ///   - spans: takes the spans of requests and attempts, in place of the configuration's exporter; with
    ///     neither none are made.
    ///   - source: where ``reload()`` has the configuration from; nil where it comes from nowhere.
    /// - Throws: ``ServiceError`` that says what could not be had.
    public init(
        _ configuration: Configuration, registry: MetricRegistry, logger: Logger, threads: Int,
        spans: (any SpanSink)? = nil, time: any TimeSource = SystemTime(), source: Source? = nil
    ) throws(ServiceError) {
        running = Mutex(configuration)
        self.source = source
        self.time = time
        startedAt = time.wallTime()
        events = ServerEvents(registry: registry, logger: logger)
        do {
            var exporter: TelemetryExporter?
            if let otlp = configuration.otlp {
                exporter = try TelemetryExporter(otlp, registry: registry, logger: logger, time: time)
            }
            self.exporter = exporter
            group = try EventLoopGroup(count: threads, clock: time)
            books = try UsageBooks.open(configuration, registry: registry, logger: logger, time: time)
            router = try Router(
                configuration: configuration, group: group, registry: registry, logger: logger,
                spans: spans ?? exporter?.spans, usage: books, time: time)
            keyChecks = try KeyChecks(
                of: router, file: "\(configuration.dataDirectory)/keys.json", registry: registry,
                logger: logger, time: time)
            desks = PublicDesks(PublicDesk(configuration, startedAt: startedAt), loops: threads)
            let api = PublicAPI(
                router: router, events: events, health: HealthReplies(readiness: readiness), desks: desks)
            adminGroup = try EventLoopGroup(count: 1, name: "admin", clock: time)
            renderGroup = try EventLoopGroup(count: 1, name: "render", clock: time)
            scrapes = Scrapes(
                configuration.admin, registry: registry, loop: adminGroup.loops[0],
                renderer: renderGroup.loops[0])
            let turns = turns
            let admin = AdminAPI(
                door: AdminDoor(configuration.admin),
                endpoints: [scrapes.endpoint] + HealthReplies(readiness: readiness).endpoints
                    + RoutingEndpoints(router: router, checks: keyChecks).endpoints + [turns.endpoint]
                    + KeyEndpoints(checks: keyChecks).endpoints
                    + [
                        ValidateEndpoint(
                            validators: keyChecks.validators, router: router, events: events
                        ).endpoint
                    ]
                    + UsageEndpoints(books: books, time: time).endpoints)
            self.admin = admin
            let limits = ServerLimits(configuration.server)
            servers = (
                try HTTPServer(
                    group: group, addresses: configuration.server.listen, limits: limits,
                    tls: configuration.server.tls.map(ServerTLS.init), observer: events,
                    rejection: { Service.rejection($0, $1) }, handler: { await api.handle($0) }),
                try HTTPServer(
                    group: adminGroup, addresses: [configuration.admin.listen], limits: limits,
                    tls: configuration.admin.tls.map(ServerTLS.init),
                    observer: events, rejection: { Service.rejection($0, $1) },
                    handler: { await admin.handle($0) })
            )
        } catch {
            throw ServiceError(description: "\(error)")
        }
        events.watch(group.loops)
        addresses = servers.public.addresses
        adminAddress = servers.admin.addresses[0]
    }

    /// Has `body` run on each loop's thread from time to time, such as to give freed memory back.
    public func repeatOnEachLoop(every interval: Duration, _ body: @escaping @Sendable () -> Void) {
        for loop in group.loops + adminGroup.loops + renderGroup.loops { loop.repeatEvery(interval, body) }
    }

    /// Serves until ``drain()``.
    public func start() async throws(ServiceError) {
        do {
            try exporter?.start()
            try await router.recallBudgets()
            try await books?.start(running.withLock { $0 })
            // What was believed before holds for the first request.
            try await keyChecks.start()
            try await servers.admin.start()
            try await servers.public.start()
        } catch {
            throw ServiceError(description: "\(error)")
        }
        try writeAddresses()
        turns.begin { await self.loadAgain() }
        readiness.become(.ready)
        for address in addresses { events.listening("server", address) }
        events.listening("admin", adminAddress)
    }

    /// Finishes the requests in flight, at most for the configuration's drain timeout, then stops everything.
    public func drain() async {
        readiness.become(.draining)
        turns.end()
        books?.endDrains()
        let limit = running.withLock { $0.server.drainTimeout }
        events.draining(limit)
        await servers.public.drain(within: limit)
        await servers.admin.drain(within: .seconds(1))
        await keyChecks.close()
        await router.shutdown()
        await books?.close()
        group.shutdown()
        adminGroup.shutdown()
        renderGroup.shutdown()
        await exporter?.shutdown()
        events.stopped()
    }

    private static func rejection(_ reason: RejectionReason, _ exchange: Exchange) -> Reply {
        var reply = ErrorObject(
            status: 413, type: "invalid_request_error", code: reason.rawValue,
            message: "The request body is larger than \(exchange.bodyBytesMax) bytes."
        ).reply
        reply.headers.append(("x-request-id", RequestID.of(exchange)))
        return reply
    }

    /// For scripts that let the kernel choose the ports.
    private func writeAddresses() throws(ServiceError) {
        let lists = [("server", addresses), ("admin", [adminAddress])].map { name, addresses in
            let quoted = addresses.map { "\"\($0)\"" }.joined(separator: ",")
            return "\"\(name)\":[\(quoted)]"
        }
        let text = "{\(lists.joined(separator: ","))}\n"
        let directory = running.withLock { $0.dataDirectory }
        let path = "\(directory)/addresses.json"
        do throws(SystemError) {
            try DataDirectory.write(Array(text.utf8), to: path, in: directory)
        } catch {
            throw ServiceError(
                description: "data_dir \(directory) cannot be written to: \(error)")
        }
    }
}

/// A service that could not be started.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

extension ServerTLS {
    fileprivate init(_ tls: Configuration.TLS) {
        self.init(certificate: tls.certificate, key: tls.key)
    }
}

extension ServerLimits {
    init(_ server: Configuration.Server) {
        self.init()
        bodyBytesMax = server.bodyBytesMax
        headerBytesMax = server.headerBytesMax
        headerTimeout = server.headerTimeout
        bodyTimeout = server.bodyTimeout
        idleTimeout = server.idleTimeout
        writeTimeout = server.writeTimeout
        connectionsMax = server.connectionsMax
    }
}
