import Glibc

/// Walks a request's body and sums what its text adds to the tokens.
///
/// Reads through pointers, because it looks at every byte of every request that is limited: every read is of
/// `base[position]` after a check against `end`, of `rows` at a byte, or of `weights` at one of those rows
/// and a byte. It lives only inside `withUnsafeBufferPointer` of the three.
struct TokenWalk {
    let base: UnsafePointer<UInt8>
    let end: Int
    let rows: UnsafePointer<UInt16>
    let weights: UnsafePointer<UInt16>
    private var position = 0
    private var depth = 0
    /// Whether the member of the body that is being walked is part of the prompt.
    private var isPrompt = false
    /// Without its quotes.
    private var lastKey = 0..<0
    private(set) var thousandths = 0
    /// Images, sounds and files.
    private(set) var media = 0

    /// Members of a request that vendors make the prompt of: OpenAI's, Anthropic's and Gemini's.
    private static let promptMembers: [StaticString] = [
        "messages", "tools", "system", "functions", "response_format", "input", "instructions", "prompt",
        "contents", "systemInstruction", "system_instruction",
    ]
    /// A `data` member that is longer is no word.
    private static let wordBytesMax = 256
    /// Stands for any punctuation.
    private static let mark = UInt8(ascii: ",")

    init(
        base: UnsafePointer<UInt8>, end: Int, rows: UnsafePointer<UInt16>, weights: UnsafePointer<UInt16>
    ) {
        self.base = base
        self.end = end
        self.rows = rows
        self.weights = weights
    }

    mutating func run() {
        while position < end {
            let byte = base[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): string()
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
    }

    /// A key or a value, from behind its opening quote on.
    private mutating func string() {
        let start = position
        if depth <= 1 {
            skip()
            if isKey {
                lastKey = start..<max(start, position - 1)
                isPrompt = TokenWalk.promptMembers.contains { lastKeyIs($0) }
            } else if isPrompt {
                position = start
                count()
            }
            return
        }
        guard isPrompt else { return skip() }
        if isMedia(at: start) {
            media += 1
            return skip()
        }
        count()
        if isKey { lastKey = start..<max(start, position - 1) }
    }

    /// Whether what was just walked is one.
    private var isKey: Bool {
        var next = position
        while next < end, base[next] <= 0x20 { next += 1 }
        return next < end && base[next] == UInt8(ascii: ":")
    }

    private func lastKeyIs(_ name: StaticString) -> Bool {
        lastKey.count == name.utf8CodeUnitCount
            && memcmp(base + lastKey.lowerBound, name.utf8Start, lastKey.count) == 0
    }

    private func begins(_ name: StaticString, at start: Int) -> Bool {
        end - start >= name.utf8CodeUnitCount
            && memcmp(base + start, name.utf8Start, name.utf8CodeUnitCount) == 0
    }

    /// Bytes in Base64, as `data:` in OpenAI's dialect and as a member `data` in the others, or an address to
    /// fetch them from.
    private func isMedia(at start: Int) -> Bool {
        if begins("data:", at: start) { return true }
        if begins("http", at: start) { return lastKeyIs("url") || lastKeyIs("image_url") }
        guard lastKeyIs("data"), end - start > TokenWalk.wordBytesMax else { return false }
        return UnsafeBufferPointer(start: base + start, count: TokenWalk.wordBytesMax)
            .allSatisfy(TokenWalk.isBase64)
    }

    /// Either alphabet of RFC 4648, and the escape that some put before `/`.
    private static func isBase64(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "-"),
            UInt8(ascii: "_"), UInt8(ascii: "="), UInt8(ascii: "\\"):
            true
        default: false
        }
    }

    /// To behind the closing quote.
    private mutating func skip() {
        while position < end {
            guard let quote = memchr(base + position, 0x22, end - position) else { break }
            let place = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
            var backslashes = 0
            while place - backslashes > position, base[place - backslashes - 1] == UInt8(ascii: "\\") {
                backslashes += 1
            }
            position = place + 1
            if backslashes.isMultiple(of: 2) { return }
        }
        position = end
    }

    /// To behind the closing quote too, adding up what is on the way.
    private mutating func count() {
        var row = TokenFactors.row(after: UInt8(ascii: "\n"))
        var sum = 0
        var index = position
        while index < end {
            var byte = base[index]
            index += 1
            var weight = weights[Int(row) + Int(byte)]
            if weight == TokenFactors.special {
                if byte == UInt8(ascii: "\"") { break }
                byte = escape(at: &index)
                weight = weights[Int(row) + Int(byte)]
            }
            sum &+= Int(weight)
            row = rows[Int(byte)]
        }
        position = index
        thousandths &+= sum
    }

    /// A byte like what the escape stands for, whose `\` has been read: never one that needs a closer look.
    private func escape(at index: inout Int) -> UInt8 {
        guard index < end else { return TokenWalk.mark }
        let letter = base[index]
        index += 1
        switch letter {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "f"):
            return UInt8(ascii: "\n")
        case UInt8(ascii: "u"):
            var unit = 0
            let digitsEnd = min(index + 4, end)
            while index < digitsEnd, let digit = hexDigit(base[index]) {
                unit = unit << 4 | digit
                index += 1
            }
            return firstByte(ofUnit: unit)
        default:
            return TokenWalk.mark
        }
    }

    private func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 0x30
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"):
            Int(byte & 0x0F) + 9
        default: nil
        }
    }

    /// Of a code unit in UTF-16, as UTF-8 would begin it.
    private func firstByte(ofUnit unit: Int) -> UInt8 {
        switch unit {
        case 0x22, 0x5C: TokenWalk.mark
        case ..<0x80: UInt8(unit)
        case ..<0x800: UInt8(0xC0 | unit >> 6)
        // The two halves of a character beyond U+FFFF.
        case 0xD800..<0xDC00: 0xF0
        case 0xDC00..<0xE000: 0x80
        default: UInt8(0xE0 | unit >> 12)
        }
    }
}
