public import SignalboxConfig
public import SignalboxCore
package import SignalboxHTTP
import SignalboxProviders
import SignalboxTelemetry
import Synchronization

/// What becomes of the metrics of what keeps its name when the configuration changes.
public enum MetricsRetention: Sendable {
    /// They go on: counters never fall.
    case keep
    /// They begin at 0. What requests in flight count from then on is not seen.
    case reset
}

extension Router {
    /// Puts another configuration in force while requests run: whole, or not at all.
    ///
    /// Requests in flight end on what they began with. Providers that are the same in both keep their
    /// connections and tokens. Metrics of what is gone are removed with the last request that could count
    /// them. Of the configuration only what concerns a router is looked at; ``ConfigurationChange`` lists
    /// everything.
    /// - Parameters:
    ///   - metrics: of providers, routes and tenants that keep their names.
    ///   - custom: who answers for the providers of kind `custom`; nil for those that did so far.
    /// - Returns: what changed, once every loop begins requests with it.
    /// - Throws: ``RouterError`` where it cannot be carried out: without providers, with a name given twice,
    ///   a target that is not there, or after ``shutdown()``. Then nothing has changed.
    @discardableResult
    public func update(
        _ configuration: Configuration, metrics: MetricsRetention = .keep,
        custom: [String: any CustomProvider]? = nil
    ) async throws(RouterError) -> ConfigurationChange {
        try await update(configuration, metrics: metrics, custom: custom, alongside: { _ in })
    }

    /// - Parameter alongside: what else changes, done on each loop's thread in one go with the change there.
    @discardableResult
    package func update(
        _ configuration: Configuration, metrics: MetricsRetention = .keep,
        custom: [String: any CustomProvider]? = nil, alongside: @escaping @Sendable (EventLoop) -> Void
    ) async throws(RouterError) -> ConfigurationChange {
        try await books?.update(configuration)
        do throws(RouterError) {
            return try await replace(configuration, metrics, custom, alongside)
        } catch {
            // What was refused changes no webhook either.
            try await books?.update(self.configuration)
            throw error
        }
    }

    private func replace(
        _ configuration: Configuration, _ metrics: MetricsRetention, _ custom: [String: any CustomProvider]?,
        _ alongside: @escaping @Sendable (EventLoop) -> Void
    ) async throws(RouterError) -> ConfigurationChange {
        let readings = try await readings(for: configuration)
        let arrival = Arrival(of: workers.count)
        // One at a time, and on every loop in the same order: the lock lasts until each loop has its orders.
        let (old, new) = try current.withLock { state throws(RouterError) -> (Generation, Generation) in
            guard !state.isShutDown else { throw RouterError(description: "the router was shut down") }
            let old = state.generation
            let new = try successor(of: old, configuration, metrics, custom, readings)
            state.generation = new
            room.adopt(WaitingRoom.Settings(configuration.routing.queue), depths: lasting.queueDepths)
            for worker in workers {
                worker.loop.execute {
                    worker.generation = new
                    alongside(worker.loop)
                    arrival.report()
                }
            }
            return (old, new)
        }
        budgetEvents.tell(new.table.budgetNotices)
        await arrival.all()
        retire(old.table.templates(notIn: new.table))
        lasting.scopes.prune()
        return ConfigurationChange(from: old.configuration, to: new.configuration)
    }

    private func successor(
        of old: Generation, _ configuration: Configuration, _ metrics: MetricsRetention,
        _ custom: [String: any CustomProvider]?, _ readings: TenantBudgets.Readings
    ) throws(RouterError) -> Generation {
        let custom = custom ?? old.custom.filter { configuration.provider(named: $0.key)?.kind == .custom }
        let spans = old.tracing.sink
        switch metrics {
        case .keep:
            return try Generation(
                configuration, custom: custom, spans: spans, lasting: lasting, after: old,
                spent: readings, at: time.now(), wallTime: time.wallTime())
        case .reset:
            // Tried out on metrics of its own: a configuration that is refused must not reset anything.
            _ = try Generation(
                configuration, custom: custom, spans: spans, lasting: LastingParts(MetricRegistry()),
                at: time.now(), wallTime: time.wallTime())
            lasting.scopes.close()
            return try Generation(
                configuration, custom: custom, spans: spans, lasting: lasting, spent: readings,
                at: time.now(), wallTime: time.wallTime())
        }
    }

    /// Gives back what loops keep for addresses and keys that are gone.
    private func retire(_ templates: [RequestTemplate]) {
        guard !templates.isEmpty else { return }
        for template in templates { template.retire() }
        for worker in workers {
            worker.loop.execute {
                for template in templates { worker.client.drop(template) }
            }
        }
    }
}

/// Waits until each of several loops has reported.
private final class Arrival: Sendable {
    private struct State {
        var missing: Int
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(of count: Int) {
        state = Mutex(State(missing: count))
    }

    func report() {
        let waiting = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.missing -= 1
            guard state.missing == 0 else { return nil }
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }

    func all() async {
        await withCheckedContinuation { continuation in
            let isComplete = state.withLock { state in
                if state.missing > 0 { state.waiting = continuation }
                return state.missing == 0
            }
            if isComplete { continuation.resume() }
        }
    }
}
