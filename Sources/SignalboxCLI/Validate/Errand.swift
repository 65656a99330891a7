import ArgumentParser
import Glibc

/// Work that waits for others, of a command that has nothing else to do.
enum Errand {
    /// Ends the process with the status that `body` returns, or with what it throws.
    static func run(_ body: @escaping @Sendable () async throws -> Int32) -> Never {
        let errand = Task {
            do {
                SignalboxCommand.exit(withError: ExitCode(try await body()))
            } catch {
                SignalboxCommand.end(with: error)
            }
        }
        while true { withExtendedLifetime(errand) { _ = pause() } }
    }
}
