import ArgumentParser
import CMimalloc
import Glibc
import Signalbox
import SignalboxConfig
import SignalboxCore
import SignalboxDemo
import SignalboxHTTP
import SignalboxServer
import SignalboxTelemetry

/// `signalbox serve`
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the daemon until SIGTERM or SIGINT; SIGHUP reloads the configuration.",
        discussion: """
            Without --config, signalbox.yaml in the working directory is used where it exists; else \
            providers are made from the key variables of the environment (OPENAI_API_KEY, \
            GROQ_API_KEY and so on: docs/configuration.md lists them).
            """)

    @Option(name: [.short, .long], help: "The configuration file.")
    var config: String?

    @Flag(help: "Serve three mock providers, of which the first always fails. Needs no file and no key.")
    var demo = false

    @OptionGroup(title: "With --demo") var day: DemoOptions

    @Option(help: "Listen here instead, such as 127.0.0.1:0 for a free port.", transform: address)
    var listen: ListenAddress?

    @Option(help: "Serve /metrics and health here instead.", transform: address)
    var adminListen: ListenAddress?

    func validate() throws {
        if demo && config != nil { throw ValidationError("--demo needs no --config: give one of them.") }
        if !demo && day.isUsed { throw ValidationError("--traffic, --day and --seed go with --demo.") }
    }

    /// The main thread takes the signals; everything else happens on threads that hold them back.
    func run() throws {
        TerminationSignals.hold()
        let configuration = overridden(demo ? .demo : try ConfigurationSource.load(config))
        HostProcess.prepare()
        precondition(mi_version() > 0, "linked, and so the allocator of the whole process")
        signalbox_mi_give_back_at_once()
        let signals = TerminationSignals()
        let serving = Task {
            do {
                try await serve(configuration, until: signals)
                SignalboxCommand.exit()
            } catch {
                SignalboxCommand.end(with: error)
            }
        }
        withExtendedLifetime(serving) { signals.watch() }
    }

    /// What the command line says wins over the file, when that is loaded again too.
    private func overridden(_ loaded: Configuration) -> Configuration {
        var configuration = loaded
        if let listen { configuration.server.listen = [listen] }
        if let adminListen { configuration.admin.listen = adminListen }
        return configuration
    }

    private func loadAgain() throws(ConfigurationMistakes) -> Configuration {
        overridden(try ConfigurationSource.read(config))
    }

    private func serve(_ loaded: Configuration, until signals: TerminationSignals) async throws {
        let show = try await day.show()
        let configuration = show.map { overridden($0.configuration) } ?? loaded
        let writer = LogWriter(
            descriptor: 1, level: LogLevel(configuration.logging.level),
            format: LogFormat(configuration.logging.format),
            exports: configuration.otlp.flatMap(TelemetryExporter.logQueue))
        let registry = MetricRegistry()
        registry.describeProcess(writer: writer)
        let logger = Logger(writer: writer)
        let service: Service
        do throws(ServiceError) {
            service = try Service(
                configuration, registry: registry, logger: logger,
                threads: configuration.server.threads.resolved, source: demo ? nil : loadAgain)
            // mimalloc would keep the memory of a burst of large bodies for the next one. Below that size,
            // giving it back only costs the page faults to get it again.
            service.repeatOnEachLoop(every: .seconds(2)) {
                if HostProcess.residentBytes > ServeCommand.keptBytes { mi_collect(true) }
            }
            try await service.start()
        } catch {
            throw CommandFailure(message: error.description, status: 1)
        }
        if demo, isatty(STDERR_FILENO) == 1 { show?.greet(service.adminAddress) ?? greet(service) }
        show?.stage.begin(callersOf: service.addresses[0], logger: logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while await signals.nextHangUp() { _ = await service.reload() }
            }
            await signals.next()
            signals.endHangUps()
        }
        signals.endProcessOnInterrupt()
        await show?.stage.close()
        await service.drain()
        await show?.stage.clear()
        if !writer.shutdown(within: .seconds(5)) {
            throw CommandFailure(message: "standard output is blocked: log lines were lost", status: 1)
        }
    }

    private static func address(_ text: String) throws -> ListenAddress {
        guard let address = ListenAddress(text) else {
            throw ValidationError("\(text) is no address to listen on, such as 127.0.0.1:8080 or [::1]:8080.")
        }
        return address
    }

    /// Memory that the process may keep for itself when it is idle.
    private static let keptBytes = 40 << 20

    /// The source revision that the image was built from, if its builder said so.
    fileprivate static var revision: String {
        getenv("SIGNALBOX_REVISION").map { String(cString: $0) } ?? "unknown"
    }

    private func greet(_ service: Service) {
        let model = Configuration.demo.routes[0].model
        StandardError.write(
            """

            Three mock providers are running; the first always fails: watch the fallback. Try:

              curl -s http://\(service.addresses[0])/v1/chat/completions \\
                -H 'content-type: application/json' \\
                -d '{"model":"\(model)","messages":[{"role":"user","content":"hello"}]}'

            and then: curl -s http://\(service.adminAddress)/metrics | grep ^llm_

            """)
    }
}

extension Configuration.Server.Threads {
    /// One for each core that this process may use, unless the configuration says how many.
    fileprivate var resolved: Int {
        switch self {
        case .automatic: HostProcess.availableCores
        case .count(let count): count
        }
    }
}

extension LogFormat {
    init(_ format: Configuration.Logging.Format) {
        switch format {
        case .json: self = .json
        case .text: self = .text
        }
    }
}

extension MetricRegistry {
    func describeProcess(writer: LogWriter) {
        registerProcessMetrics()
        registerLogMetrics(of: writer)
        info(Catalogue.buildInfo, Build.version, ServeCommand.revision, Build.swift)
        gauge(Catalogue.configLastReloadSuccessful).series().set(1)
        let now = Double(SystemTime().wallTime().nanosecondsSince1970) / 1e9
        gauge(Catalogue.configLastReloadSuccessTimestamp).series().set(now)
    }
}
