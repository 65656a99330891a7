import SignalboxTelemetry
import Synchronization

/// The series of what configurations name: one scope a subject, shared by all who have the subject.
///
/// So the metrics of what keeps its name go on over a change of configuration, those that a late request adds
/// included, and those of what is gone leave with the last request that could still count: its configuration
/// keeps the scopes.
final class SeriesScopes: Sendable {
    /// Every label that is not from a closed list belongs to the subject of its series.
    enum Subject: Hashable, Sendable {
        case provider(String)
        case tokens(provider: String)
        case model(String, provider: String)
        case genAI([String])
        case route(String)
        case requests(route: String, tenant: String)
        case fallback(route: String, from: String, to: String)
        case tenant(String)
    }

    private struct Known {
        weak var scope: SeriesScope?
    }

    let registry: MetricRegistry
    private let known = Mutex<[Subject: Known]>([:])

    init(_ registry: MetricRegistry) {
        self.registry = registry
    }

    /// The scope of that subject; whoever keeps it, or a handle out of it, keeps its series.
    subscript(subject: Subject) -> SeriesScope {
        known.withLock { known in
            if let scope = known[subject]?.scope { return scope }
            let fresh = registry.scope()
            known[subject] = Known(scope: fresh)
            return fresh
        }
    }

    /// Forgets the subjects that nobody has any more.
    func prune() {
        known.withLock { known in known = known.filter { $0.value.scope != nil } }
    }

    /// How many subjects are remembered, for tests.
    var count: Int {
        known.withLock { $0.count }
    }

    /// Takes every series out, so that those that are asked for next begin at 0.
    func close() {
        let scopes = known.withLock { known in
            defer { known = [:] }
            return known.values.compactMap(\.scope)
        }
        for scope in scopes { scope.close() }
    }
}
