/// One thing wrong with the configuration, printed as a compiler prints an error.
public struct ConfigurationMistake: Sendable, Equatable {
    /// The file as it was named to the loader, or `environment`.
    public var file: String
    /// Counted from 1; nil where the mistake is not at one place in the file.
    public var line: Int?
    /// In characters from 1; nil like `line`.
    public var column: Int?
    /// Such as `providers[1].timeouts.connect`; empty for the file as a whole.
    public var path: String
    /// What is wrong. Never contains a secret.
    public var problem: String
    /// What to do about it.
    public var remedy: String?

    public init(
        file: String, line: Int? = nil, column: Int? = nil, path: String = "", problem: String,
        remedy: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.problem = problem
        self.remedy = remedy
    }
}

extension ConfigurationMistake: CustomStringConvertible {
    /// `signalbox.yaml:12:5: providers[0].kind: "opnai" is no provider kind; did you mean "openai-compatible"?`
    public var description: String {
        var text = file
        if let line { text += ":\(line)" }
        if let column { text += ":\(column)" }
        text += ": "
        if !path.isEmpty { text += "\(path): " }
        text += problem
        if let remedy { text += "; \(remedy)" }
        return text
    }
}

/// Everything wrong with the configuration, in the file's order.
public struct ConfigurationMistakes: Error, Sendable, Equatable {
    /// Never empty, at most 1,000.
    public var mistakes: [ConfigurationMistake]
    /// How many more there were.
    public var omitted: Int

    public init(_ mistakes: [ConfigurationMistake], omitted: Int = 0) {
        self.mistakes = mistakes
        self.omitted = omitted
    }
}

extension ConfigurationMistakes: CustomStringConvertible {
    /// One mistake a line.
    public var description: String {
        var lines = mistakes.map(\.description)
        if omitted > 0 { lines.append("and \(omitted) more mistakes") }
        return lines.joined(separator: "\n")
    }
}
