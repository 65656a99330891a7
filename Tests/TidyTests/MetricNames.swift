/// Holds every mention of a metric to the one catalogue, `Sources/SignalboxTelemetry/Catalogue*.swift`.
struct MetricNames {
    private static let prefixes = ["llm_", "signalbox_", "gen_ai_", "process_", "otel_sdk_"]
    private static let series = ["_bucket", "_sum", "_count"]
    /// Words that look like a metric and are none.
    private static let others: Set<String> = []
    private static let outside = ["dashboards/", "alerts/", "docs/", "examples/"]

    let metrics: Set<String>
    let events: Set<String>
    /// C functions and macros of our shims.
    let shims: Set<String>

    init(_ files: [RepositoryFile]) {
        self.metrics = Self.literals(in: files.filter(Self.isCatalogue))
        self.events = Self.literals(in: files.filter(Self.spellsEvents)).subtracting(metrics)
        let headers = files.filter { $0.path.hasPrefix("Sources/C") && $0.path.hasSuffix(".h") }
        self.shims = Set(headers.flatMap(\.lines).flatMap(Self.names(in:)))
    }

    func findings(in file: RepositoryFile) -> [Finding] {
        if file.path.hasPrefix("Sources/"), let text = file.swift {
            return Self.isCatalogue(file) ? [] : spelled(in: file, text) + unknown(in: file, text.comments)
        }
        guard Self.outside.contains(where: file.path.hasPrefix) || file.path == "\(file.name)",
            file.swift == nil
        else {
            return []
        }
        return unknown(
            in: file, file.lines.enumerated().map { .init(line: $0.offset + 1, text: String($0.element)) })
    }

    /// A source names a metric by its member in the catalogue, and a log line only in `Events.swift` and its
    /// aspects.
    private func spelled(in file: RepositoryFile, _ text: SwiftText) -> [Finding] {
        text.literals.flatMap { literal in
            Self.names(in: literal.text[...]).compactMap { name in
                if metrics.contains(base(of: name)) {
                    return file.finding(
                        literal.line, "\(name) spelled outside the catalogue", "Use the catalogue's member")
                }
                if Self.spellsEvents(file) || shims.contains(name) || Self.others.contains(name) {
                    return nil
                }
                let remedy = "A metric belongs in the catalogue, a log line's name in Events.swift"
                return file.finding(literal.line, "\(name) spelled here", remedy)
            }
        }
    }

    private func unknown(in file: RepositoryFile, _ pieces: [SwiftText.Piece]) -> [Finding] {
        let known = events.union(shims).union(Self.others)
        return pieces.flatMap { piece in
            Self.names(in: piece.text[...]).filter { !known.contains($0) && !metrics.contains(base(of: $0)) }
                .map {
                    file.finding(
                        piece.line, "\($0) is in no catalogue", "Correct the name, or add it to the catalogue"
                    )
                }
        }
    }

    /// A histogram's series are named after it.
    private func base(of name: String) -> String {
        guard !metrics.contains(name), let suffix = Self.series.first(where: name.hasSuffix) else {
            return name
        }
        return String(name.dropLast(suffix.count))
    }

    /// Every word that looks like a metric's name.
    static func names(in text: Substring) -> [String] {
        var names: [String] = []
        for word in text.utf8.split(whereSeparator: { !isWord($0) }) {
            guard let name = String(word), let prefix = prefixes.first(where: name.hasPrefix),
                name.utf8.count > prefix.utf8.count, !name.hasSuffix("_"),
                name.utf8.allSatisfy({ isWord($0) && !(65...90).contains($0) && $0 < 0x80 })
            else { continue }
            names.append(name)
        }
        return names
    }

    private static func literals(in files: [RepositoryFile]) -> Set<String> {
        Set(files.compactMap(\.swift).flatMap(\.literals).flatMap { names(in: $0.text[...]) })
    }

    private static func isCatalogue(_ file: RepositoryFile) -> Bool {
        file.path.hasPrefix("Sources/SignalboxTelemetry/") && file.name.hasPrefix("Catalogue")
    }

    private static func spellsEvents(_ file: RepositoryFile) -> Bool {
        file.path.hasPrefix("Sources/") && (file.name == "Events.swift" || file.name.hasPrefix("Events+"))
    }
}
