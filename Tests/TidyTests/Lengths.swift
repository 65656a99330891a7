/// How long a line, a function and a file may be.
enum Lengths {
    static let columnsMax = 110
    static let functionLinesMax = 70
    static let fileLinesMax = 400
    /// What a file should stay under; beyond it the run says so and passes.
    static let fileLinesWanted = 300

    private static let withColumns = [".swift", ".c", ".h", ".py", ".lua", ".sh"]

    static func findings(in file: RepositoryFile) -> [Finding] {
        guard withColumns.contains(where: file.path.hasSuffix) else { return [] }
        let lines = file.lines
        let wide = lines.indices.filter { lines[$0].count > columnsMax }.map {
            file.finding($0 + 1, "\(lines[$0].count) columns, \(columnsMax) at most", "Break the line")
        }
        return wide + tooLong(file, lines: lineCount(lines)) + longFunctions(in: file)
    }

    static func overWanted(_ file: RepositoryFile) -> Bool {
        file.swift != nil && (fileLinesWanted + 1...fileLinesMax).contains(lineCount(file.lines))
    }

    private static func lineCount(_ lines: [Substring]) -> Int {
        lines.last?.isEmpty == true ? lines.count - 1 : lines.count
    }

    private static func tooLong(_ file: RepositoryFile, lines: Int) -> [Finding] {
        guard lines > fileLinesMax else { return [] }
        let remedy = "Move one aspect to a file of its own"
        return [file.finding(fileLinesMax + 1, "a file of \(lines) lines, \(fileLinesMax) at most", remedy)]
    }

    private static func longFunctions(in file: RepositoryFile) -> [Finding] {
        guard let text = file.swift else { return [] }
        return functions(in: text).filter { $0.lines > functionLinesMax }.map {
            let problem = "a function of \($0.lines) lines, \(functionLinesMax) at most"
            return file.finding($0.line, problem, "Name its parts and call them")
        }
    }

    /// Functions, initialisers, subscripts and computed properties with a body: where each starts, and its
    /// lines from the declaration to the closing brace.
    static func functions(in text: SwiftText) -> [(line: Int, lines: Int)] {
        let starts = ["func", "deinit", "subscript", "init", "var"].flatMap { word in
            text.offsets(of: word).filter { declares(word, at: $0, in: text.code) }.map { (word, $0) }
        }
        return starts.compactMap { word, at in
            guard let open = body(of: word, at: at, in: text.code) else { return nil }
            let first = text.line(at: at)
            return (first, text.line(at: text.closing(of: open)) - first + 1)
        }
        .sorted { $0.line < $1.line }
    }

    private static func declares(_ word: String, at offset: Int, in code: [UInt8]) -> Bool {
        if offset > 0 && code[offset - 1] == UInt8(ascii: ".") { return false }
        let after = offset + word.utf8.count
        guard word == "init" else { return true }
        return after < code.count && "(<?!".utf8.contains(code[after])
    }

    private static func body(of word: String, at offset: Int, in code: [UInt8]) -> Int? {
        word == "var" ? propertyBody(from: offset, in: code) : body(from: offset, in: code)
    }

    /// The brace that ends a `var` line without an initial value.
    private static func propertyBody(from offset: Int, in code: [UInt8]) -> Int? {
        let end = code[offset...].firstIndex(of: UInt8(ascii: "\n")) ?? code.count
        let line = code[offset..<end]
        guard let last = line.lastIndex(where: { !isSpace($0) }), code[last] == UInt8(ascii: "{"),
            !line.contains(UInt8(ascii: "="))
        else { return nil }
        return last
    }

    /// The brace that opens a function's body, or nil for a requirement that has none.
    private static func body(from offset: Int, in code: [UInt8]) -> Int? {
        var depth = 0
        for at in offset..<code.count {
            switch code[at] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth == 0: return at
            case UInt8(ascii: "}") where depth == 0: return nil
            case UInt8(ascii: "\n") where depth == 0 && !continues(at, in: code): return nil
            default: continue
            }
        }
        return nil
    }

    /// Whether a declaration goes on after this line break.
    private static func continues(_ newline: Int, in code: [UInt8]) -> Bool {
        let rest = code[newline...].drop(while: isSpace)
        let next = String(decoding: rest.prefix { !isSpace($0) && $0 != UInt8(ascii: "(") }, as: UTF8.self)
        let before = code[..<newline].last { !isSpace($0) } ?? 0
        return ["{", "->", "where", "async", "throws", "rethrows"].contains(next)
            || UInt8(ascii: ",") == before || UInt8(ascii: ":") == before
    }
}
