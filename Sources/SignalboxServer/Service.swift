import Glibc
import Signalbox
public import SignalboxConfig
public import SignalboxCore
import SignalboxHTTP
public import SignalboxTelemetry

/// A whole daemon in one value: loops, router, both listeners. Started once, drained once.
public final class Service: Sendable {
    /// Where the public listener really listens.
    public let addresses: [ListenAddress]
    public let adminAddress: ListenAddress
    private let configuration: Configuration
    private let group: EventLoopGroup
    /// The admin listener's loop, and the one whose thread renders the metrics: callers wait for neither.
    private let adminGroup: EventLoopGroup
    private let renderGroup: EventLoopGroup
    private let router: Router
    /// Nil where telemetry is exported nowhere.
    private let exporter: TelemetryExporter?
    private let servers: (public: HTTPServer, admin: HTTPServer)
    private let events: ServerEvents
    private let readiness = Readiness()

    /// Binds the listeners; nothing is served before ``start()``.
    /// - Parameter spans: takes the spans of requests and attempts, in place of the configuration's exporter;
    ///   with neither none are made.
    /// - Throws: ``ServiceError`` that says what could not be had.
    public init(
        _ configuration: Configuration, registry: MetricRegistry, logger: Logger, threads: Int,
        spans: (any SpanSink)? = nil, time: any TimeSource = SystemTime()
    ) throws(ServiceError) {
        self.configuration = configuration
        events = ServerEvents(registry: registry, logger: logger)
        do {
            var exporter: TelemetryExporter?
            if let otlp = configuration.otlp {
                exporter = try TelemetryExporter(otlp, registry: registry, logger: logger, time: time)
            }
            self.exporter = exporter
            group = try EventLoopGroup(count: threads, clock: time)
            router = try Router(
                configuration: configuration, group: group, registry: registry, logger: logger,
                spans: spans ?? exporter?.spans,
                time: time)
            let api = PublicAPI(
                router: router, events: events, readiness: readiness,
                bodyBytesMax: configuration.server.bodyBytesMax,
                startedAt: time.wallTime())
            adminGroup = try EventLoopGroup(count: 1, name: "admin", clock: time)
            renderGroup = try EventLoopGroup(count: 1, name: "render", clock: time)
            let scrapes = Scrapes.endpoint(
                configuration.admin, registry: registry, loop: adminGroup.loops[0],
                renderer: renderGroup.loops[0])
            let admin = AdminAPI(
                door: AdminDoor(configuration.admin, at: configuration.admin.listen),
                endpoints: [scrapes] + HealthReplies(readiness: readiness).endpoints)
            let limits = ServerLimits(configuration.server)
            servers = (
                try HTTPServer(
                    group: group, addresses: configuration.server.listen, limits: limits,
                    tls: configuration.server.tls.map(ServerTLS.init), observer: events,
                    rejection: { Service.rejection($0, $1, limits) }, handler: { await api.handle($0) }),
                try HTTPServer(
                    group: adminGroup, addresses: [configuration.admin.listen], limits: limits,
                    tls: configuration.admin.tls.map(ServerTLS.init),
                    observer: events, rejection: { Service.rejection($0, $1, limits) },
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
            try await servers.admin.start()
            try await servers.public.start()
        } catch {
            throw ServiceError(description: "\(error)")
        }
        try writeAddresses()
        readiness.become(.ready)
        for address in addresses { events.listening("server", address) }
        events.listening("admin", adminAddress)
    }

    /// Finishes the requests in flight, at most for the configuration's drain timeout, then stops everything.
    public func drain() async {
        readiness.become(.draining)
        events.draining(configuration.server.drainTimeout)
        await servers.public.drain(within: configuration.server.drainTimeout)
        await servers.admin.drain(within: .seconds(1))
        await router.shutdown()
        group.shutdown()
        adminGroup.shutdown()
        renderGroup.shutdown()
        await exporter?.shutdown()
        events.stopped()
    }

    private static func rejection(
        _ reason: RejectionReason, _ exchange: Exchange, _ limits: ServerLimits
    ) -> Reply {
        var reply = ErrorObject(
            status: 413, type: "invalid_request_error", code: reason.rawValue,
            message: "The request body is larger than \(limits.bodyBytesMax) bytes."
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
        let path = "\(configuration.dataDirectory)/addresses.json"
        do throws(SystemError) {
            try DataDirectory.write(Array(text.utf8), to: path, in: configuration.dataDirectory)
        } catch {
            throw ServiceError(
                description: "data_dir \(configuration.dataDirectory) cannot be written to: \(error)")
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
    fileprivate init(_ server: Configuration.Server) {
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
