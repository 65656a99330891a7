/// Words that must stand in no file at all: notes to oneself, and paths of one machine.
enum Mentions {
    // Put together here, so that this file does not mention them either.
    private static let notes = ["TO" + "DO", "FIX" + "ME", "X" + "XX"]
    private static let paths = ["/wo" + "rk/", "/ro" + "ot/", "/tm" + "p/w"]

    static func findings(in file: RepositoryFile) -> [Finding] {
        let noted = lines(of: file, with: notes, wholeWord: true).map {
            file.finding($0, "a note to oneself", "Do it, or open an issue")
        }
        let tied = lines(of: file, with: paths, wholeWord: false).map {
            file.finding($0, "a path of one machine", "Derive it, or take it from the environment")
        }
        return noted + tied
    }

    private static func lines(of file: RepositoryFile, with words: [String], wholeWord: Bool) -> [Int] {
        let bytes = file.bytes
        return words.map { Array($0.utf8) }.flatMap { word in
            var lines: [Int] = []
            var from = 0
            while let at = SwiftText.find(word, in: bytes, from: from) {
                from = at + word.count
                if at > 0 && isWord(bytes[at - 1]) { continue }
                if wholeWord && from < bytes.count && isWord(bytes[from]) { continue }
                lines.append(bytes[..<at].count { $0 == UInt8(ascii: "\n") } + 1)
            }
            return lines
        }
    }
}
