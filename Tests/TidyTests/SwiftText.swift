import Foundation

/// A Swift file as the rules want to see it. `code` is the file byte for byte with comments, literals and
/// backticked names turned to spaces, so that a search for a token finds only the token itself.
struct SwiftText {
    /// What one line of a literal or a comment says.
    struct Piece: Equatable {
        let line: Int
        let text: String
    }

    let code: [UInt8]
    let literals: [Piece]
    let comments: [Piece]
    private let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        var scanner = SwiftScanner(bytes)
        scanner.scan()
        self.code = scanner.code
        self.literals = scanner.literals
        self.comments = scanner.comments
        self.lineStarts = [0] + code.indices.filter { scanner.code[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    }

    /// The code of each line, in order; line 1 is the first element.
    var codeLines: [String] {
        lineStarts.indices.map { at in
            let end = at + 1 < lineStarts.count ? lineStarts[at + 1] - 1 : code.count
            return String(decoding: code[lineStarts[at]..<end], as: UTF8.self)
        }
    }

    /// The line, counted from 1, on which a byte stands.
    func line(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low + 1
    }

    /// Where a token stands in the code. It is not found inside a longer word.
    func offsets(of token: String) -> [Int] {
        let needle = Array(token.utf8)
        var found: [Int] = []
        var from = 0
        while let at = Self.find(needle, in: code, from: from) {
            from = at + 1
            let cutsBefore = at > 0 && isWord(needle[0]) && isWord(code[at - 1])
            let after = at + needle.count
            let cutsAfter = after < code.count && isWord(needle[needle.count - 1]) && isWord(code[after])
            if !cutsBefore && !cutsAfter { found.append(at) }
        }
        return found
    }

    /// The brace that closes the one at `open`, or the file's end when none does.
    func closing(of open: Int) -> Int {
        var depth = 0
        for at in open..<code.count {
            switch code[at] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            default: continue
            }
            if depth == 0 { return at }
        }
        return code.count
    }

    static func find(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return nil }
            var at = start
            while at + needle.count <= haystack.count,
                let hit = memchr(base + at, Int32(needle[0]), haystack.count - needle.count - at + 1)
            {
                at = UnsafeRawPointer(hit) - base
                if memcmp(hit, needle, needle.count) == 0 { return at }
                at += 1
            }
            return nil
        }
    }
}

func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
    default: false
    }
}

func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
}
