import Synchronization

/// Records that are committed together, and those who wait for it.
package final class CommitGroup: Sendable {
    private enum State {
        case open([UnsafeContinuation<Void, Never>])
        case settled(StoreError?)
    }

    private let state = Mutex(State.open([]))

    init() {}

    /// Returns once the group is on disk; throws where it is not and will not be. Not cancelled: it takes no
    /// longer than the disk.
    func settled() async throws(StoreError) {
        if let failure = failureIfSettled { return try Self.throwIfAny(failure) }
        await withUnsafeContinuation { continuation in
            let isLate = state.withLock {
                guard case .open(var waiting) = $0 else { return true }
                $0 = .open([])
                waiting.append(continuation)
                $0 = .open(waiting)
                return false
            }
            if isLate { continuation.resume() }
        }
        try Self.throwIfAny(failureIfSettled ?? nil)
    }

    /// Called once, by the writer.
    func settle(_ failure: StoreError?) {
        let waiting = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            guard case .open(let waiting) = state else { return [] }
            state = .settled(failure)
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private var failureIfSettled: StoreError?? {
        state.withLock {
            switch $0 {
            case .open: nil
            case .settled(let failure): .some(failure)
            }
        }
    }

    private static func throwIfAny(_ failure: StoreError?) throws(StoreError) {
        if let failure { throw failure }
    }
}
