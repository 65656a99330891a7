import Synchronization

/// Lets reloads happen one after another, in the order in which they were wished for, while the daemon
/// serves.
final class ReloadTurns: Sendable {
    typealias Turn = @Sendable () async -> ReloadOutcome

    private struct State {
        /// Nil unless the daemon serves.
        var turn: Turn?
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Reloads that wait while one is under way; a further one is answered at once.
    static let waitingMax = 16

    /// From now on a turn is `turn`.
    func begin(_ turn: @escaping Turn) {
        state.withLock { $0.turn = turn }
    }

    /// No more turns; whoever waits hears of it.
    func end() {
        state.withLock { $0.turn = nil }
    }

    /// Waits for a turn and has it.
    /// - Parameter other: what to do with it; nil for the usual.
    func next(_ other: Turn? = nil) async -> ReloadOutcome {
        guard await take() else { return .busy }
        defer { leave() }
        guard let turn = state.withLock({ $0.turn }) else { return .notServing }
        return if let other { await other() } else { await turn() }
    }

    /// False where too many wait.
    private func take() async -> Bool {
        var mayWait = true
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.isTaken else {
                    state.isTaken = true
                    return false
                }
                guard state.waiting.count < ReloadTurns.waitingMax else {
                    mayWait = false
                    return false
                }
                state.waiting.append(continuation)
                return true
            }
            if !mustWait { continuation.resume() }
        }
        return mayWait
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.isTaken = false
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}
