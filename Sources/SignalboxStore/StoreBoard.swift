import Synchronization

/// What the writer has published for everybody else.
final class StoreBoard: Sendable {
    private struct Published {
        var condition = StoreCondition.healthy
        var standings: [String: EndpointStanding]
        var listeners: [@Sendable (Set<String>) -> Void] = []
    }

    private let published: Mutex<Published>

    init(_ state: StoreState) {
        let standings = state.endpoints.map { ($0.standing.name, $0.standing) }
        published = Mutex(Published(standings: Dictionary(standings) { $1 }))
    }

    var condition: StoreCondition { published.withLock { $0.condition } }
    var standings: [EndpointStanding] { published.withLock { Array($0.standings.values) } }

    func standing(of endpoint: String) -> EndpointStanding? {
        published.withLock { $0.standings[endpoint] }
    }

    func onCommit(_ body: @escaping @Sendable (Set<String>) -> Void) {
        published.withLock { $0.listeners.append(body) }
    }

    /// False where it was so already.
    func set(_ condition: StoreCondition) -> Bool {
        published.withLock {
            guard $0.condition != condition else { return false }
            $0.condition = condition
            return true
        }
    }

    func publish(_ changed: Set<Int>, of state: StoreState) {
        guard !changed.isEmpty else { return }
        published.withLock {
            for index in changed {
                let standing = state.endpoints[index].standing
                $0.standings[standing.name] = standing
            }
        }
    }

    func tell(of tenants: Set<String>) {
        guard !tenants.isEmpty else { return }
        for listener in published.withLock({ $0.listeners }) { listener(tenants) }
    }
}
