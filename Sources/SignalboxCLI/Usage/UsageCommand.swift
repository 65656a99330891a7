import ArgumentParser

/// `signalbox usage`
struct UsageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usage",
        abstract: "Lists, sums, exports, reconciles and delivers again what was used.",
        discussion: """
            Reading takes the records from data_dir, beside a running daemon or without one. Replay and \
            enable ask the daemon that runs there.

            Exits with 0 if all is well, with 1 where it could not be done or counts do not agree, with 2 \
            where the configuration or the command line is wrong.
            """,
        subcommands: [
            UsageListCommand.self, UsageSumCommand.self, UsageExportCommand.self,
            UsageReconcileCommand.self, UsageEndpointsCommand.self, UsageDeadLettersCommand.self,
            UsageReplayCommand.self, UsageEnableCommand.self,
        ])
}

/// How a command prints.
enum UsageFormat: String, ExpressibleByArgument, CaseIterable {
    case table
    /// One object a line.
    case json
    /// RFC 4180.
    case csv

    /// What is wanted where nobody says: people sit at terminals.
    static var usual: UsageFormat { StandardOutput.isTerminal ? .table : .json }
}
