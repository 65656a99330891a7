extension JSONText {
    /// The inside of a valid JSON string with its escapes decoded to UTF-8; a lone surrogate becomes U+FFFD.
    static func unescape(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == 0x5C, index + 1 < text.count else {
                output.append(text[index])
                index += 1
                continue
            }
            let letter = text[index + 1]
            index += 2
            switch letter {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"): output.append(contentsOf: UTF8.encode(scalar(in: text, at: &index))!)
            default: output.append(letter)
            }
        }
        return output
    }

    /// The value of a hexadecimal digit in either case.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// The character whose four digits stand at `index`, which moves behind them, and behind a low surrogate's escape.
    private static func scalar(in text: UnsafeBufferPointer<UInt8>, at index: inout Int) -> Unicode.Scalar {
        guard let unit = codeUnit(in: text, at: index) else { return "\u{FFFD}" }
        index += 4
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard UTF16.isLeadSurrogate(unit), index + 6 <= text.count,
            text[index] == 0x5C, text[index + 1] == UInt8(ascii: "u"),
            let low = codeUnit(in: text, at: index + 2), UTF16.isTrailSurrogate(low)
        else { return "\u{FFFD}" }
        index += 6
        return UTF16.decode(UTF16.EncodedScalar([unit, low]))
    }

    private static func codeUnit(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt16? {
        guard index + 4 <= text.count else { return nil }
        var unit: UInt16 = 0
        for offset in 0..<4 {
            guard let digit = hexValue(text[index + offset]) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }
}
