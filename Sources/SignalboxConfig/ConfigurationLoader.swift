/// Makes a ``Configuration`` from a file and the environment, or says everything that is wrong with them.
public struct ConfigurationLoader: Sendable {
    /// Reads a whole file, relative to the working directory, of at most `bytesMax` bytes.
    public typealias FileReading =
        @Sendable (_ path: String, _ bytesMax: Int) throws(UnreadableFile) -> [UInt8]

    private let environment: [String: String]
    private let read: FileReading

    /// - Parameter environment: the process's variables; a `.env` file adds those that are not set.
    public init(environment: [String: String], reading read: @escaping FileReading) {
        self.environment = environment
        self.read = read
    }

    /// The file that is loaded when none is named and it exists.
    public static let defaultFile = "signalbox.yaml"
    /// Largest configuration file, in bytes.
    public static let fileBytesMax = 1 << 20

    /// Loads the file at `path`, which must exist. Without a path: `signalbox.yaml` if it exists, else what the key
    /// variables of the environment make.
    public func load(path: String? = nil) throws(ConfigurationMistakes) -> Configuration {
        let ledger = MistakeLedger()
        let variables = variables(ledger)
        let file = path ?? Self.defaultFile
        let bytes: [UInt8]
        do {
            bytes = try read(file, Self.fileBytesMax)
        } catch .missing where path == nil {
            return try EnvironmentProvider.configuration(from: variables, into: ledger)
        } catch {
            ledger.record(ConfigurationMistake(file: file, problem: error.problem))
            throw ConfigurationMistakes(ledger.mistakes)
        }
        let document = YAMLDocument(file: file, ledger: ledger)
        guard let root = document.root(of: bytes),
            var reading = ConfigurationReading(root: root, environment: variables, read: read)
        else { throw ConfigurationMistakes(ledger.mistakes, omitted: ledger.omitted) }
        return try reading.run()
    }

    /// The real environment over that of `.env`.
    private func variables(_ ledger: MistakeLedger) -> [String: String] {
        do {
            let file = DotEnvironment.parse(try read(DotEnvironment.file, Self.fileBytesMax), into: ledger)
            return file.merging(environment) { _, real in real }
        } catch .missing {
            return environment
        } catch {
            ledger.record(ConfigurationMistake(file: DotEnvironment.file, problem: error.problem))
            return environment
        }
    }
}

/// Why a file could not be read.
public enum UnreadableFile: Error, Sendable, Equatable {
    case missing
    case tooLarge
    /// In the system's words.
    case unreadable(String)
}
