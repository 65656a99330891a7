import SignalboxTelemetry
import Synchronization

/// The series of one route's fallbacks, which begin with the first one from this provider to that: kept for
/// as long as a configuration in use has both among the route's targets.
///
/// Shared by all configurations that have the route.
final class FallbackScopes: Sendable {
    private struct Move: Hashable {
        let from: String
        let to: String
    }

    private struct State {
        /// How many configurations in use have the provider.
        var holders: [String: Int] = [:]
        var scopes: [Move: SeriesScope] = [:]
    }

    private let scopes: SeriesScopes
    private let route: String
    private let state = Mutex(State())

    init(_ scopes: SeriesScopes, route: String) {
        self.scopes = scopes
        self.route = route
    }

    /// The scope of moves between two providers that the caller's configuration holds.
    func scope(from: String, to: String) -> SeriesScope {
        let scope = scopes[.fallback(route: route, from: from, to: to)]
        state.withLock { $0.scopes[Move(from: from, to: to)] = scope }
        return scope
    }

    func hold(_ providers: Set<String>) {
        state.withLock { state in
            for provider in providers { state.holders[provider, default: 0] += 1 }
        }
    }

    func release(_ providers: Set<String>) {
        let gone = state.withLock { state in
            for provider in providers {
                let left = state.holders[provider, default: 1] - 1
                state.holders[provider] = left > 0 ? left : nil
            }
            let gone = state.scopes.filter { move, _ in
                state.holders[move.from] == nil || state.holders[move.to] == nil
            }
            for move in gone.keys { state.scopes[move] = nil }
            return gone
        }
        // Their series go with them, outside of the lock.
        withExtendedLifetime(gone) {}
    }
}
