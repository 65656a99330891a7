/// Tells code from what is not code: enough of Swift's grammar for nested comments, raw and multi-line
/// strings, interpolations, regex literals and backticked names.
struct SwiftScanner {
    private(set) var code: [UInt8]
    private(set) var literals: [SwiftText.Piece] = []
    private(set) var comments: [SwiftText.Piece] = []
    private let source: [UInt8]
    private var index = 0
    private var line = 1
    private var lastSignificant: UInt8 = UInt8(ascii: "\n")

    init(_ source: [UInt8]) {
        self.source = source
        self.code = source
    }

    mutating func scan() {
        scanCode(untilClosed: false)
    }

    /// Reads code to the file's end or, inside an interpolation, to the parenthesis that closes it.
    private mutating func scanCode(untilClosed: Bool) {
        var depth = 0
        while index < source.count {
            switch source[index] {
            case UInt8(ascii: "/") where at(1) == UInt8(ascii: "/"): scanLineComment()
            case UInt8(ascii: "/") where at(1) == UInt8(ascii: "*"): scanBlockComment()
            case UInt8(ascii: "/") where startsRegex: scanRegex(hashes: 0)
            case UInt8(ascii: "\""): scanString(hashes: 0)
            case UInt8(ascii: "#"): scanHash()
            case UInt8(ascii: "`"): scanBackticks()
            case UInt8(ascii: "("):
                depth += 1
                pass()
            case UInt8(ascii: ")"):
                if untilClosed && depth == 0 { return }
                depth -= 1
                pass()
            default: pass()
            }
        }
    }

    private mutating func scanLineComment() {
        let start = index
        while index < source.count && source[index] != UInt8(ascii: "\n") { blank() }
        comments.append(piece(source[start..<index]))
    }

    private mutating func scanBlockComment() {
        var depth = 0
        var start = index
        repeat {
            if at(0) == UInt8(ascii: "/") && at(1) == UInt8(ascii: "*") {
                depth += 1
                blank()
            } else if at(0) == UInt8(ascii: "*") && at(1) == UInt8(ascii: "/") {
                depth -= 1
                blank()
            } else if at(0) == UInt8(ascii: "\n") {
                comments.append(piece(source[start..<index]))
                start = index + 1
            }
            blank()
        } while index < source.count && depth > 0
        comments.append(piece(source[start..<index]))
    }

    private mutating func scanHash() {
        var hashes = 0
        while at(hashes) == UInt8(ascii: "#") { hashes += 1 }
        if at(hashes) == UInt8(ascii: "\"") {
            for _ in 0..<hashes { blank() }
            scanString(hashes: hashes)
        } else if at(hashes) == UInt8(ascii: "/") {
            for _ in 0..<hashes { blank() }
            scanRegex(hashes: hashes)
        } else {
            for _ in 0..<hashes { pass() }
        }
    }

    private mutating func scanString(hashes: Int) {
        let quotes = at(1) == UInt8(ascii: "\"") && at(2) == UInt8(ascii: "\"") ? 3 : 1
        for _ in 0..<quotes { blank() }
        var text: [UInt8] = []
        while index < source.count && !ends(with: UInt8(ascii: "\""), times: quotes, hashes: hashes) {
            if source[index] == UInt8(ascii: "\\") && follow(hashes) {
                for _ in 0...hashes { blank() }
                guard index < source.count else { break }
                if source[index] == UInt8(ascii: "(") {
                    pass()
                    scanCode(untilClosed: true)
                    pass()
                    text.append(UInt8(ascii: " "))
                    continue
                }
            } else if source[index] == UInt8(ascii: "\n") {
                if quotes == 1 { break }
                literals.append(piece(text[...]))
                text = []
                blank()
                continue
            }
            text.append(source[index])
            blank()
        }
        literals.append(piece(text[...]))
        for _ in 0..<(quotes + hashes) where index < source.count && source[index] != UInt8(ascii: "\n") {
            blank()
        }
        lastSignificant = UInt8(ascii: "\"")
    }

    private mutating func scanRegex(hashes: Int) {
        blank()
        while index < source.count && !ends(with: UInt8(ascii: "/"), times: 1, hashes: hashes) {
            if source[index] == UInt8(ascii: "\\") { blank() }
            blank()
        }
        for _ in 0..<(1 + hashes) { blank() }
        lastSignificant = UInt8(ascii: "\"")
    }

    /// A backticked name is a word to the rules: underscores take its place.
    private mutating func scanBackticks() {
        repeat {
            code[index] = UInt8(ascii: "_")
            index += 1
        } while index < source.count && source[index] != UInt8(ascii: "`")
            && source[index] != UInt8(ascii: "\n")
        if at(0) == UInt8(ascii: "`") {
            code[index] = UInt8(ascii: "_")
            index += 1
        }
        lastSignificant = UInt8(ascii: "_")
    }

    /// A slash opens a regex where an operand is expected and the line holds another slash.
    private var startsRegex: Bool {
        guard "(,=:[{!&|;\n".utf8.contains(lastSignificant), !isSpace(at(1)) else { return false }
        var ahead = index + 1
        while ahead < source.count && source[ahead] != UInt8(ascii: "\n") {
            if source[ahead] == UInt8(ascii: "/") { return true }
            ahead += 1
        }
        return false
    }

    private func ends(with quote: UInt8, times: Int, hashes: Int) -> Bool {
        (0..<times).allSatisfy { at($0) == quote }
            && (0..<hashes).allSatisfy { at(times + $0) == UInt8(ascii: "#") }
    }

    private func follow(_ hashes: Int) -> Bool {
        (0..<hashes).allSatisfy { at(1 + $0) == UInt8(ascii: "#") }
    }

    private func at(_ ahead: Int) -> UInt8 {
        index + ahead < source.count ? source[index + ahead] : 0
    }

    private func piece(_ bytes: ArraySlice<UInt8>) -> SwiftText.Piece {
        SwiftText.Piece(line: line, text: String(decoding: bytes, as: UTF8.self))
    }

    private mutating func pass() {
        guard index < source.count else { return }
        let byte = source[index]
        if byte == UInt8(ascii: "\n") { line += 1 }
        if byte != UInt8(ascii: " ") { lastSignificant = byte }
        index += 1
    }

    private mutating func blank() {
        guard index < source.count else { return }
        if source[index] == UInt8(ascii: "\n") {
            line += 1
        } else {
            code[index] = UInt8(ascii: " ")
        }
        index += 1
    }
}
