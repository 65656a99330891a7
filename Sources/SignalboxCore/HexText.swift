/// Hexadecimal as the W3C writes it: lower case, every digit there.
package enum HexText {
    /// Sixteen digits from `offset` on.
    package static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        bytes.storeBytes(of: eightDigits(UInt32(value >> 32)), toByteOffset: offset, as: UInt64.self)
        bytes.storeBytes(
            of: eightDigits(UInt32(truncatingIfNeeded: value)), toByteOffset: offset + 8, as: UInt64.self)
    }

    /// Eight digits from `offset` on.
    package static func write(_ value: UInt32, to buffer: UnsafeMutableBufferPointer<UInt8>, at offset: Int) {
        UnsafeMutableRawBufferPointer(buffer).storeBytes(
            of: eightDigits(value), toByteOffset: offset, as: UInt64.self)
    }

    /// Eight digits as they stand in memory, all worked out at once.
    private static func eightDigits(_ value: UInt32) -> UInt64 {
        // The halves, then their bytes, then their nibbles are spread out, the highest first in memory.
        var spread = UInt64(value & 0xFFFF) << 32 | UInt64(value >> 16)
        spread = (spread & 0x0000_00FF_0000_00FF) << 16 | (spread & 0x0000_FF00_0000_FF00) >> 8
        spread = (spread & 0x000F_000F_000F_000F) << 8 | (spread & 0x00F0_00F0_00F0_00F0) >> 4
        // 1 in each byte that is a letter: those carry into their upper half when six is added.
        let letters = ((spread &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return ((spread | 0x3030_3030_3030_3030) &+ 0x27 &* letters).littleEndian
    }

    /// The value of up to sixteen digits; nil where one is none, or is upper case.
    package static func read(_ digits: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> UInt64? {
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
