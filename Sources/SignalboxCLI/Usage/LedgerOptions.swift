import ArgumentParser
import SignalboxConfig
import SignalboxStore

/// Where the records are.
struct LedgerOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The configuration file, which names data_dir.")
    var config: String?

    @Option(help: "The directory of the records; then no configuration is read.")
    var dataDir: String?

    func directory() throws(CommandFailure) -> String {
        if let dataDir { return dataDir }
        return try ConfigurationSource.load(config).dataDirectory
    }

    /// The records, read only.
    func open() throws(CommandFailure) -> LedgerReader {
        let directory = try directory()
        return try LedgerFailure.told { () throws(StoreError) in try LedgerReader(directory: directory) }
    }

    func validate() throws {
        if config != nil, dataDir != nil {
            throw ValidationError("--data-dir needs no --config: give one of them.")
        }
    }
}

/// What went wrong with the records, for a person.
enum LedgerFailure {
    static func told<Value>(
        _ body: () throws(StoreError) -> Value
    ) throws(CommandFailure) -> Value {
        do throws(StoreError) {
            return try body()
        } catch {
            throw CommandFailure(message: "the usage records cannot be read: \(error)", status: 1)
        }
    }
}
