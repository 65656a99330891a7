import ArgumentParser
import SignalboxCore

@main
struct SignalboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "signalbox",
        abstract: "Routes LLM requests to providers that fail, and tells the truth about every one.",
        discussion: """
            Try it without a key or a file:

              signalbox serve --demo

            Exit codes: 0 all well, 1 it could not be done, 2 the configuration or the command line is wrong.
            """,
        version: "signalbox \(Build.version)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, HealthCommand.self, StatusCommand.self,
            PricesCommand.self, UsageCommand.self, ValidateCommand.self,
        ])

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch {
            end(with: error)
        }
    }

    /// Says what went wrong, and exits with a status that tells whose fault it was.
    static func end(with error: any Error) -> Never {
        if let failure = error as? CommandFailure {
            StandardError.write("signalbox: \(failure.message)\n")
            exit(withError: ExitCode(failure.status))
        }
        // ArgumentParser's own status for a wrong command line is 64; ours is 2, as for a wrong
        // configuration.
        guard exitCode(for: error) == .validationFailure else { exit(withError: error) }
        StandardError.write(fullMessage(for: error) + "\n")
        exit(withError: ExitCode(2))
    }
}

/// A command that could not do its work: what to tell the person, and the exit status.
struct CommandFailure: Error {
    let message: String
    let status: Int32
}
