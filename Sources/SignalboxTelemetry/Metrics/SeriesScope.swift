import Synchronization

/// Series for a time: those that one configuration, or one owner of handles, has a use for.
///
/// A series that scopes alone have asked for leaves the scrapes, and its place under its metric's cap, when
/// the last of those scopes is closed or gone. Its memory is used again only when the last of them is gone:
/// until then their handles may count, unseen. So whoever keeps handles keeps the scope that made them: a
/// request in flight its configuration, and that its scope.
///
/// Asked for again, a removed series begins at 0; one that another scope still has goes on. A series that was
/// asked for without a scope is never removed.
public final class SeriesScope: Sendable {
    private struct Held {
        let family: MetricFamily
        let labels: [String]
        let lease: CellLease
    }

    private struct State {
        var held: [ObjectIdentifier: Held] = [:]
        /// Of what was held before `close`: handles to them may be in use.
        var closed: [CellLease] = []
    }

    public let registry: MetricRegistry
    private let state = Mutex(State())

    init(_ registry: MetricRegistry) {
        self.registry = registry
    }

    deinit {
        close()
    }

    /// Lets go of every series that was asked for so far. Handles to them go on working, and their memory is
    /// kept until the scope is gone: for what comes next make another scope.
    public func close() {
        let held = state.withLock { state in
            let held = Array(state.held.values)
            state.closed += held.map(\.lease)
            state.held = [:]
            return held
        }
        for one in held { one.family.release(one.labels, one.lease) }
    }

    /// Called under the family's lock. False if it was held already.
    func hold(_ family: MetricFamily, _ labels: [String], _ lease: CellLease) -> Bool {
        let held = Held(family: family, labels: labels, lease: lease)
        return state.withLock { $0.held.updateValue(held, forKey: ObjectIdentifier(lease)) == nil }
    }
}

extension MetricRegistry {
    public func scope() -> SeriesScope {
        SeriesScope(self)
    }
}

extension SeriesScope {
    public func counter(_ definition: MetricDefinition) -> CounterFamily {
        registry.counter(definition).within(self)
    }

    public func floatingCounter(_ definition: MetricDefinition) -> FloatingCounterFamily {
        registry.floatingCounter(definition).within(self)
    }

    public func gauge(_ definition: MetricDefinition) -> GaugeFamily {
        registry.gauge(definition).within(self)
    }

    public func histogram(_ definition: MetricDefinition) -> HistogramFamily {
        registry.histogram(definition).within(self)
    }

    public func stateset<State: MetricState>(
        _ definition: MetricDefinition, of states: State.Type
    ) -> StateSetFamily<State> {
        registry.stateset(definition, of: states).within(self)
    }
}
