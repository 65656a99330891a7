/// Collects the mistakes of one load, so that reading goes on after the first.
///
/// A class because every field of the file writes into the same one; it never leaves the load that made it.
final class MistakeLedger {
    /// How many mistakes are kept; the rest is only counted.
    static let kept = 1_000

    private(set) var mistakes: [ConfigurationMistake] = []
    private(set) var omitted = 0

    var isEmpty: Bool { mistakes.isEmpty }
    var isFull: Bool { mistakes.count >= Self.kept }

    /// A mistake that two readers of one place find is told once.
    func record(_ mistake: ConfigurationMistake) {
        if mistakes.contains(mistake) { return }
        if isFull {
            omitted += 1
        } else {
            mistakes.append(mistake)
        }
    }

    /// Throws everything recorded, if anything was: file by file, in the order in which it stands there.
    func throwIfAny() throws(ConfigurationMistakes) {
        guard !mistakes.isEmpty else { return }
        var files: [String: Int] = [:]
        for mistake in mistakes where files[mistake.file] == nil { files[mistake.file] = files.count }
        func place(_ entry: (offset: Int, element: ConfigurationMistake)) -> (Int, Int, Int, Int) {
            let mistake = entry.element
            return (files[mistake.file] ?? 0, mistake.line ?? 0, mistake.column ?? 0, entry.offset)
        }
        let sorted = mistakes.enumerated().sorted { place($0) < place($1) }.map(\.element)
        throw ConfigurationMistakes(sorted, omitted: omitted)
    }
}
