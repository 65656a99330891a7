extension JSONScanner {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Marks, in the high bit of its byte, the first byte of a word that ends the plain run of a string: a quote, a
    /// backslash, a control character or a byte outside ASCII. Marks after the first may be wrong (a borrow).
    @inline(__always)
    private static func special(in word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let marks = (quote &- ones) | (backslash &- ones) | (word &- (ones &* 0x20))
        // For ASCII bytes `~word` has its high bit set; for the others `word` itself marks them.
        return ((marks & ~word) | word) & (ones &* 0x80)
    }

    /// Steps over a string, from its opening quote; says whether there are escapes in it.
    @inline(__always)
    mutating func skipString() throws(JSONSyntaxError) -> Bool {
        position &+= 1
        var isEscaped = false
        while true {
            skipPlainRun()
            guard position < end else { throw failure(.truncated) }
            switch base[position] {
            case 0x22:
                position &+= 1
                return isEscaped
            case 0x5C:
                isEscaped = true
                try skipEscape()
            case 0x00..<0x20:
                throw failure(.controlCharacter)
            default:
                // Texts in other scripts come in long runs: stay here while they last.
                repeat { try skipMultibyte() } while position < end && base[position] >= 0x80
            }
        }
    }

    /// Steps to the next byte that is not plain ASCII text, eight at a time.
    @inline(__always)
    private mutating func skipPlainRun() {
        while position &+ 8 <= end {
            let word = UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self)
            let marks = JSONScanner.special(in: UInt64(littleEndian: word))
            if marks != 0 {
                position &+= marks.trailingZeroBitCount &>> 3
                return
            }
            position &+= 8
        }
        while position < end {
            let byte = base[position]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 || byte >= 0x80 { return }
            position &+= 1
        }
    }

    private mutating func skipEscape() throws(JSONSyntaxError) {
        position &+= 1
        guard position < end else { throw failure(.truncated) }
        switch base[position] {
        case 0x22, 0x5C, 0x2F, 0x62, 0x66, 0x6E, 0x72, 0x74:
            position &+= 1
        case UInt8(ascii: "u"):
            position &+= 1
            for _ in 0..<4 {
                guard position < end, JSONText.hexValue(base[position]) != nil else {
                    throw failure(.badEscape)
                }
                position &+= 1
            }
        default:
            throw failure(.badEscape)
        }
    }

    /// Steps over one character of two to four bytes; overlong forms and surrogates are refused (RFC 3629, section 4).
    @inline(__always)
    private mutating func skipMultibyte() throws(JSONSyntaxError) {
        let first = base[position]
        var second: ClosedRange<UInt8> = 0x80...0xBF
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw failure(.badUTF8)
        }
        guard position &+ length <= end, second.contains(base[position &+ 1]) else { throw failure(.badUTF8) }
        var offset = 2
        while offset < length {
            guard base[position &+ offset] & 0xC0 == 0x80 else { throw failure(.badUTF8) }
            offset &+= 1
        }
        position &+= length
    }

    mutating func skipNumber() throws(JSONSyntaxError) {
        if base[position] == UInt8(ascii: "-") { position &+= 1 }
        if position < end, base[position] == UInt8(ascii: "0") {
            position &+= 1
        } else {
            try skipDigits()
        }
        if position < end, base[position] == UInt8(ascii: ".") {
            position &+= 1
            try skipDigits()
        }
        if position < end, base[position] | 0x20 == UInt8(ascii: "e") {
            position &+= 1
            if position < end, base[position] == UInt8(ascii: "+") || base[position] == UInt8(ascii: "-") {
                position &+= 1
            }
            try skipDigits()
        }
    }

    /// At least one digit.
    @inline(__always)
    private mutating func skipDigits() throws(JSONSyntaxError) {
        let start = position
        while position < end, base[position] &- UInt8(ascii: "0") < 10 { position &+= 1 }
        guard position > start else { throw failure(.badNumber) }
    }

    mutating func skipLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        let length = literal.utf8CodeUnitCount
        let wanted = literal.utf8Start
        var offset = 0
        while offset < length {
            guard position &+ offset < end else {
                position = end
                throw failure(.truncated)
            }
            guard base[position &+ offset] == wanted[offset] else { throw failure(.badLiteral) }
            offset &+= 1
        }
        position &+= length
    }
}
