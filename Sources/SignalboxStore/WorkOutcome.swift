import Synchronization

/// Where the writer leaves what somebody waits for.
final class WorkOutcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, StoreError>?>(nil)

    func set(_ outcome: Result<Value, StoreError>) {
        result.withLock { $0 = outcome }
    }

    func get() throws(StoreError) -> Value {
        guard let outcome = result.withLock({ $0 }) else {
            preconditionFailure("the writer finished what it had not done")
        }
        return try outcome.get()
    }
}
