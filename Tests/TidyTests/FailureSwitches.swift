/// Every judgement on a failure lists the failures it judges, so that a new one cannot slip by.
enum FailureSwitches {
    private static let subjects: Set<String> = ["kind", "failure", "failureKind"]

    static func findings(in file: RepositoryFile) -> [Finding] {
        guard let text = file.swift, !file.isTest else { return [] }
        let everySwitch = file.name.contains("Failure")
        return text.offsets(of: "switch").compactMap { at in
            guard let open = text.code[at...].firstIndex(of: UInt8(ascii: "{")) else { return nil }
            let subject = String(decoding: text.code[(at + 6)..<open], as: UTF8.self).split(separator: " ")
                .joined()
            let last = subject.split { !$0.isLetter }.last.map(String.init) ?? ""
            let end = text.closing(of: open)
            guard everySwitch || subjects.contains(last), !listsStrings(from: open, to: end, in: text),
                let fallback = fallback(from: open, to: end, in: text)
            else { return nil }
            let remedy = "List the cases, so that a new one is a build error here"
            return file.finding(text.line(at: fallback), "default: in a judgement on a failure", remedy)
        }
    }

    /// A switch over text or bytes has no closed list to go through.
    private static func listsStrings(from open: Int, to end: Int, in text: SwiftText) -> Bool {
        let literals = Set(text.literals.map(\.line))
        let cases = text.offsets(of: "case").filter { $0 > open && $0 < end }
        return cases.contains { at in
            let words = text.code[(at + 4)..<end].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ",") }
            let opensWithLiteral =
                words.first.map { $0 == UInt8(ascii: ":") || (48...57).contains($0) } ?? false
            return opensWithLiteral
                && (literals.contains(text.line(at: at)) || words.first != UInt8(ascii: ":"))
        }
    }

    /// The `default:` that belongs to this switch and not to one inside it.
    private static func fallback(from open: Int, to end: Int, in text: SwiftText) -> Int? {
        text.offsets(of: "default").first { at in
            guard at > open && at < end else { return false }
            let opened = text.code[open..<at].count { $0 == UInt8(ascii: "{") }
            let closed = text.code[open..<at].count { $0 == UInt8(ascii: "}") }
            let next = text.code[(at + 7)...].first { $0 != UInt8(ascii: " ") }
            return opened - closed == 1 && next == UInt8(ascii: ":")
        }
    }
}
