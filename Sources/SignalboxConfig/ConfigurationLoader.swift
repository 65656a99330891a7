/// Makes a ``Configuration`` from a file and the environment, or says everything that is wrong with them.
public struct ConfigurationLoader: Sendable {
    /// Reads a whole file, relative to the working directory, of at most `bytesMax` bytes.
    public typealias FileReading =
        @Sendable (_ path: String, _ bytesMax: Int) throws(UnreadableFile) -> [UInt8]

    private let environment: [String: String]
    private let read: FileReading

    /// - Parameter environment: the process's variables; those of a `.env` file are added where they are not set.
    public init(environment: [String: String], reading read: @escaping FileReading) {
        self.environment = environment
        self.read = read
    }

    /// Loads the file at `path`, which must exist; without a path, `signalbox.yaml` if it exists, else what the
    /// key variables of the environment make.
    public func load(path: String? = nil) throws(ConfigurationMistakes) -> Configuration {
        throw ConfigurationMistakes([ConfigurationMistake(file: path ?? "signalbox.yaml", problem: "to come")]
        )
    }
}

/// Why a file could not be read.
public enum UnreadableFile: Error, Sendable, Equatable {
    case missing
    case tooLarge
    /// In the system's words.
    case unreadable(String)
}
