/// Hexadecimal as the W3C writes it: lower case, every digit there.
enum HexText {
    /// Sixteen digits from `offset` on.
    static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        var rest = value
        for index in stride(from: offset + 15, through: offset, by: -1) {
            buffer[index] = digit(UInt8(truncatingIfNeeded: rest & 15))
            rest >>= 4
        }
    }

    static func digit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? 0x30 + nibble : 0x57 + nibble
    }

    /// The value of up to sixteen digits; nil where one is none, or is upper case.
    static func read(_ digits: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt64? {
        var value: UInt64 = 0
        for index in range {
            let byte = digits[index]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt64(byte - 0x30)
            case 0x61...0x66: value = value << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return value
    }
}
