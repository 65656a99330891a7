import SignalboxConfig

/// How a command finds its configuration.
enum ConfigurationSource {
    /// The file and the environment as they are now.
    static func read(_ path: String?) throws(ConfigurationMistakes) -> Configuration {
        try ConfigurationLoader.system().load(path: path)
    }

    /// - Throws: ``CommandFailure`` with every mistake, one a line, and status 2.
    static func load(_ path: String?) throws(CommandFailure) -> Configuration {
        do throws(ConfigurationMistakes) {
            return try read(path)
        } catch {
            let count = error.mistakes.count + error.omitted
            let summary = count == 1 ? "1 mistake" : "\(count) mistakes"
            throw CommandFailure(message: "the configuration has \(summary):\n\(error)", status: 2)
        }
    }
}
