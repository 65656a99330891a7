import Synchronization

/// Places at providers, as many as each allows, with the mistakes that its users make.
final class FakeCapacity: Sendable {
    private struct State {
        var free: [Int]
        var most: [Int]
        let all: [Int]
    }

    private let state: Mutex<State>

    init(_ places: [Int]) {
        state = Mutex(State(free: places, most: places.map { _ in 0 }, all: places))
    }

    func admit(_ provider: Int) -> Bool {
        state.withLock { state in
            guard state.free[provider] > 0 else { return false }
            state.free[provider] -= 1
            state.most[provider] = max(state.most[provider], state.all[provider] - state.free[provider])
            return true
        }
    }

    /// To be followed by ``WaitingRoom/freed(_:)``.
    func settle(_ provider: Int) {
        state.withLock { $0.free[provider] += 1 }
    }

    /// Whether every place was given back, and each as often as it was taken.
    var isWhole: Bool { state.withLock { $0.free == $0.all } }
    /// The most places that were ever taken at once.
    var most: [Int] { state.withLock { $0.most } }
}
