/// A `.env` file: `NAME=VALUE` lines, with comments, quotes and an optional `export`.
enum DotEnvironment {
    static let file = ".env"

    /// The variables of the file; whatever is no such line is a mistake. Of two equal names the last one counts.
    static func parse(_ bytes: [UInt8], into ledger: MistakeLedger) -> [String: String] {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            ledger.record(ConfigurationMistake(file: file, problem: "is not UTF-8 text"))
            return [:]
        }
        var variables: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let content = trimmed(line)
            if content.isEmpty || content.hasPrefix("#") { continue }
            switch assignment(in: content) {
            case .success(let (name, value)): variables[name] = value
            case .failure(let flaw):
                // The line is not repeated: it may hold a secret.
                ledger.record(
                    ConfigurationMistake(
                        file: file, line: number + 1, problem: flaw.problem, remedy: "write NAME=VALUE"))
            }
        }
        return variables
    }

    private struct Flaw: Error {
        let problem: String
    }

    private static func assignment(in line: Substring) -> Result<(String, String), Flaw> {
        var line = line
        if line.hasPrefix("export ") { line = trimmed(line.dropFirst(7)) }
        guard let equals = line.firstIndex(of: "=") else { return .failure(Flaw(problem: "has no =")) }
        let name = trimmed(line[..<equals])
        guard NumberedVariables.isName(name) else {
            return .failure(Flaw(problem: "has no variable's name before the ="))
        }
        let rest = trimmed(line[line.index(after: equals)...])
        switch rest.first {
        case "'", "\"":
            guard let value = quoted(rest) else {
                return .failure(Flaw(problem: "has a quote that does not close, or text after it"))
            }
            return .success((String(name), value))
        default: return .success((String(name), String(withoutComment(rest))))
        }
    }

    /// The text between quotes; in double ones `\n`, `\"`, `\\` and `\$` mean what they mean in a shell.
    private static func quoted(_ text: Substring) -> String? {
        let quote = text.first
        var value = ""
        var isEscaped = false
        for (offset, character) in text.enumerated().dropFirst() {
            if isEscaped {
                value +=
                    character == "n" ? "\n" : "\"\\$".contains(character) ? "\(character)" : "\\\(character)"
                isEscaped = false
            } else if quote == "\"", character == "\\" {
                isEscaped = true
            } else if character == quote {
                let after = trimmed(text.dropFirst(offset + 1))
                return after.isEmpty || after.hasPrefix("#") ? value : nil
            } else {
                value.append(character)
            }
        }
        return nil
    }

    /// A `#` begins a comment at the start or after a space.
    private static func withoutComment(_ text: Substring) -> Substring {
        var previous: Character = " "
        for position in text.indices {
            if text[position] == "#", previous == " " || previous == "\t" {
                return trimmed(text[..<position])
            }
            previous = text[position]
        }
        return text
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text = text.dropLast() }
        return text
    }
}
