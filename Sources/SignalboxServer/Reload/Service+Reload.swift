import Signalbox
public import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
public import SignalboxTelemetry
import Synchronization

extension Service {
    /// Loads the configuration again and puts it in force: whole, or not at all. One after another.
    ///
    /// Requests in flight end on what they began with. Settings that a running daemon cannot take on stay as
    /// they are; the outcome names them.
    public func reload() async -> ReloadOutcome {
        await turns.next()
    }

    /// The same with a configuration that is there already.
    public func reload(_ configuration: Configuration) async -> ReloadOutcome {
        await turns.next { await self.takeOn { () throws(ConfigurationMistakes) in configuration } }
    }

    func loadAgain() async -> ReloadOutcome {
        guard let source else {
            events.nothingToReload()
            return .nothingToReload
        }
        return await takeOn(source)
    }

    /// Reading files and making a route table may take its time: no loop waits for it.
    private func takeOn(_ source: Source) async -> ReloadOutcome {
        await withTaskExecutorPreference(globalConcurrentExecutor) {
            do throws(ConfigurationMistakes) {
                let change = try await takeOn(try source())
                events.reloaded(change, at: time.wallTime())
                return .done(change)
            } catch {
                events.reloadFailed(error)
                return .refused(error)
            }
        }
    }

    private func takeOn(
        _ loaded: Configuration
    ) async throws(ConfigurationMistakes) -> ConfigurationChange {
        let before = running.withLock { $0 }
        let effective = try loaded.takenOn(by: before)
        let desk = PublicDesk(effective, startedAt: startedAt)
        let limits = ServerLimits(effective.server)
        let (desks, server) = (desks, servers.public)
        do throws(RouterError) {
            try await router.update(effective) { loop in
                desks.replace(on: loop, with: desk)
                server.change(limits, on: loop)
            }
        } catch {
            throw ConfigurationMistakes([
                ConfigurationMistake(file: "the configuration", problem: error.description)
            ])
        }
        await keyChecks.update()
        changeAdmin(effective.admin, limits)
        events.logger.level = LogLevel(effective.logging.level)
        running.withLock { $0 = effective }
        return ConfigurationChange(from: before, to: loaded)
    }

    private func changeAdmin(_ settings: Configuration.Admin, _ limits: ServerLimits) {
        let (admin, scrapes, server, loop) = (admin, scrapes, servers.admin, adminGroup.loops[0])
        loop.execute {
            admin.door = AdminDoor(settings)
            scrapes.change(settings)
            server.change(limits, on: loop)
        }
    }
}

extension ReloadTurns {
    /// A body is not looked at.
    var endpoint: AdminEndpoint {
        AdminEndpoint(.post, "/admin/reload", for: .administration) { exchange, id in
            let outcome = await self.next()
            exchange.respond(outcome.reply, id)
        }
    }
}

extension LogLevel {
    public init(_ level: Configuration.Logging.Level) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }
}
