/// What each character of a text adds to its tokens, by its kind and the kind of the one before it.
///
/// Fitted to `cl100k_base` by least squares of relative errors over prose, code and data in some twenty
/// languages; docs/routing.md has the errors, Benchmarks/Tokens the program.
enum TokenFactors {
    // Thousandths of a token.
    private enum Factor {
        /// The first letter of a word, a letter after a letter, a capital after one, a small one after that.
        static let word: UInt16 = 489
        static let letter: UInt16 = 157
        static let capital: UInt16 = 203
        static let hump: UInt16 = 542
        /// The first digit of a number, and each after it.
        static let number: UInt16 = 1_582
        static let digit: UInt16 = 475
        static let punctuation: UInt16 = 615
        static let punctuationAgain: UInt16 = 34
        /// A space after a digit or punctuation; after a letter it belongs to the next word.
        static let space: UInt16 = 440
        /// Each further space, and each at the beginning of a line.
        static let indent: UInt16 = 23
        static let line: UInt16 = 941
        static let lineAgain: UInt16 = 200
        static let cyrillic: UInt16 = 1_324
        static let cyrillicAgain: UInt16 = 364
        static let latin: UInt16 = 2_424
        static let latinAgain: UInt16 = 773
        static let han: UInt16 = 1_759
        static let hanAgain: UInt16 = 952
        static let hangul: UInt16 = 2_086
        static let hangulAgain: UInt16 = 692
        static let rightToLeft: UInt16 = 968
        static let symbol: UInt16 = 1_147
        static let indic: UInt16 = 1_050
        static let beyond: UInt16 = 2_113
    }

    /// Of a byte: ASCII by what it is, the others by the script whose characters begin with it in UTF-8.
    enum Kind: UInt8, CaseIterable {
        case small, capital, digit, space, line, punctuation
        case cyrillic, latin, han, hangul, rightToLeft, symbol, indic, beyond
        /// The second byte of a character or a later one.
        case continuation
        /// `"` and `\`, which need a closer look.
        case special

        init(_ byte: UInt8) {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): self = .small
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .capital
            case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .digit
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): self = .special
            case 0x20: self = .space
            case 0x00..<0x20, 0x7F: self = .line
            case 0x80..<0xC0: self = .continuation
            // U+0080: Latin with accents, Greek.
            case 0xC0..<0xD0: self = .latin
            // U+0400
            case 0xD0..<0xD4: self = .cyrillic
            // U+0500: Armenian, Hebrew, Arabic.
            case 0xD4..<0xE0: self = .rightToLeft
            // U+2000: dashes, quotation marks, arrows, box drawings.
            case 0xE2: self = .symbol
            // U+0800: the scripts of India and its neighbours, Thai.
            case 0xE0..<0xE3: self = .indic
            // U+3000 and U+E000: kana, Han, full width.
            case 0xE3..<0xEA, 0xEE..<0xF0: self = .han
            // U+A000
            case 0xEA..<0xEE: self = .hangul
            // U+10000: emoji for the most part.
            case 0xF0...: self = .beyond
            default: self = .punctuation
            }
        }

        /// As the one before another: nothing tells the scripts beyond ASCII apart there.
        var row: UInt16 { UInt16(min(rawValue, Kind.cyrillic.rawValue)) }
    }

    /// In ``weights``: not to be added up.
    static let special = UInt16.max
    /// For each byte: where the weights of those after it begin in ``weights``.
    static let rows: [UInt16] = (0...UInt8.max).map { row(after: $0) }
    /// For each byte after each kind of byte.
    static let weights: [UInt16] = (0...Kind.cyrillic.row).flatMap(weights(after:))

    private static func weights(after row: UInt16) -> [UInt16] {
        (0...UInt8.max).map { weight(of: Kind($0), after: row) }
    }

    static func row(after byte: UInt8) -> UInt16 { Kind(byte).row << 8 }

    private static func weight(of kind: Kind, after row: UInt16) -> UInt16 {
        let isWithin = row == Kind.cyrillic.row
        switch kind {
        case .small, .capital:
            let isSmall = kind == .small
            if row == Kind.small.row { return isSmall ? Factor.letter : Factor.hump }
            if row == Kind.capital.row { return isSmall ? Factor.letter : Factor.capital }
            return isWithin ? (isSmall ? Factor.letter : Factor.hump) : Factor.word
        case .digit: return row == Kind.digit.row ? Factor.digit : Factor.number
        case .space:
            if row == Kind.space.row || row == Kind.line.row { return Factor.indent }
            return row == Kind.digit.row || row == Kind.punctuation.row ? Factor.space : 0
        case .line:
            return row == Kind.line.row || row == Kind.space.row ? Factor.lineAgain : Factor.line
        case .punctuation:
            return row == Kind.punctuation.row ? Factor.punctuationAgain : Factor.punctuation
        case .cyrillic: return isWithin ? Factor.cyrillicAgain : Factor.cyrillic
        case .latin: return isWithin ? Factor.latinAgain : Factor.latin
        case .han: return isWithin ? Factor.hanAgain : Factor.han
        case .hangul: return isWithin ? Factor.hangulAgain : Factor.hangul
        case .rightToLeft: return Factor.rightToLeft
        case .symbol: return Factor.symbol
        case .indic: return Factor.indic
        case .beyond: return Factor.beyond
        case .continuation: return 0
        case .special: return special
        }
    }
}
