import SignalboxHTTP
import SignalboxTesting

/// Where a test's own tasks run: not on the threads that tests block.
final class CallerLoop: Sendable {
    private let loop: EventLoop

    init() throws {
        loop = try EventLoop(index: 0)
        try loop.start()
    }

    deinit {
        loop.stop()
        loop.join()
    }

    /// Blocks until `body` has ended.
    @discardableResult
    func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        try loop.run(body)
    }

    /// Begins `body`; what it returns can be taken.
    func begin<Value: Sendable>(
        _ body: @escaping @Sendable () async -> Value
    ) -> (task: Task<Void, Never>, value: Handover<Value>) {
        let value = Handover<Value>()
        return (loop.spawn { value.put(await body()) }, value)
    }
}
