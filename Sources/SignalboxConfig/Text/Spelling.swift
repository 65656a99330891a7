/// Guesses what was meant, and shows what was written.
enum Spelling {
    private static let lettersCompared = 64

    /// The candidate that a slip of the hand, or a word left unfinished, turns into `text`; nil if none is near.
    static func nearest(to text: String, among candidates: some Sequence<String>) -> String? {
        let written = Array(text.lowercased().unicodeScalars.prefix(lettersCompared))
        let tolerance = written.count < 3 ? 0 : max(1, written.count / 4)
        var best: (candidate: String, distance: Int)?
        for candidate in candidates where candidate != text {
            let letters = Array(candidate.lowercased().unicodeScalars.prefix(lettersCompared))
            var found = distance(written, letters)
            if written.count >= 4, letters.count > written.count + 1 {
                for length in written.count - 1...written.count + 1 {
                    found = min(found, distance(written, Array(letters.prefix(length))))
                }
            }
            if found <= tolerance, found < best?.distance ?? .max { best = (candidate, found) }
        }
        return best?.candidate
    }

    /// `did you mean "…"?` for the nearest candidate.
    static func suggestion(for text: String, among candidates: some Sequence<String>) -> String? {
        nearest(to: text, among: candidates).map { "did you mean \"\($0)\"?" }
    }

    /// The text in quotes, shortened and without control characters, so that a message stays one line.
    static func quoted(_ text: String) -> String {
        "\"\(plain(text))\""
    }

    static func plain(_ text: String) -> String {
        var shown = ""
        for (count, scalar) in text.unicodeScalars.enumerated() {
            if count == lettersCompared { return shown + "…" }
            let category = scalar.properties.generalCategory
            let isShown = category != .control && category != .format && category != .lineSeparator
            shown.unicodeScalars.append(isShown ? scalar : "\u{FFFD}")
        }
        return shown
    }

    /// Letters to insert, remove, replace or swap with their neighbour.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var older: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                var cost = min(
                    previous[column + 1] + 1, current[column] + 1,
                    previous[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, older[column - 1] + 1)
                }
                current.append(cost)
            }
            older = previous
            previous = current
        }
        return previous[right.count]
    }
}
