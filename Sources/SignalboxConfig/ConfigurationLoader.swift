public import SignalboxCore
public import SignalboxUsage

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

    /// Loads the file at `path`, which must exist. Without a path: `signalbox.yaml` if it exists, else what
    /// the key variables of the environment make.
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

    /// The prices in the file at `path`, or everything that is wrong with them.
    public func prices(at path: String) throws(ConfigurationMistakes) -> PriceBook {
        let ledger = MistakeLedger()
        let bytes = try content(of: path, bytesMax: PriceReading.fileBytesMax)
        guard let book = PriceReading(file: path, ledger: ledger).book(of: bytes) else {
            try ledger.throwIfAny()
            preconditionFailure("a file without a mistake has a price book")
        }
        return book
    }

    /// The community's price file at `path`, turned into one of ours: see ``CommunityPrices``.
    /// - Parameters:
    ///   - day: from which the prices hold, such as `2026-01-31`; nil for `today`.
    ///   - today: the time by which it is today, in UTC.
    public func communityPrices(
        at path: String, validFrom day: String?, today: WallTime
    ) throws(ConfigurationMistakes) -> CommunityPrices {
        guard let validFrom = day.map(DateText.parse) ?? today else {
            throw Self.mistakes(
                "--valid-from", "\(Spelling.quoted(day ?? "")) is no day from 1970 to 2200",
                "write it like 2026-01-31")
        }
        let bytes = try content(of: path, bytesMax: CommunityPrices.fileBytesMax)
        do throws(JSONSyntaxError) {
            if let prices = try CommunityPrices(bytes, validFrom: validFrom) { return prices }
        } catch {
            throw Self.mistakes(path, "is no JSON: \(error)")
        }
        throw Self.mistakes(path, "is no JSON object")
    }

    private func content(of path: String, bytesMax: Int) throws(ConfigurationMistakes) -> [UInt8] {
        do throws(UnreadableFile) {
            return try read(path, bytesMax)
        } catch {
            throw Self.mistakes(path, error.problem)
        }
    }

    private static func mistakes(
        _ file: String, _ problem: String, _ remedy: String? = nil
    ) -> ConfigurationMistakes {
        ConfigurationMistakes([ConfigurationMistake(file: file, problem: problem, remedy: remedy)])
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
