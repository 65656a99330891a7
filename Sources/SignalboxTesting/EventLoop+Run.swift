public import SignalboxHTTP

extension EventLoop {
    /// Runs `body` as a task of this loop and blocks until it has ended, or until patience runs out.
    public func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let result = Handover<Result<Value, any Error>>()
        spawn {
            do {
                result.put(.success(try await body()))
            } catch {
                result.put(.failure(error))
            }
        }
        return try result.take().get()
    }
}
