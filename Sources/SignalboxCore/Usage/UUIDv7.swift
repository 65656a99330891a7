/// A name that nobody else gives, and that sorts by the moment it was given (RFC 9562, 5.7).
public struct UUIDv7: Sendable, Hashable {
    /// The upper half: 48 bits of milliseconds since 1970, the version, 12 random bits.
    public let high: UInt64
    /// The lower half: the variant, 62 random bits.
    public let low: UInt64

    public init(at time: WallTime, using random: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(clamping: time.nanosecondsSince1970 / 1_000_000)
        let noise: UInt64 = random.next()
        high = milliseconds << 16 | 0x7000 | noise & 0x0FFF
        low = random.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
    }

    /// From its text: `0190163d-8694-739b-aea5-966c26f8ad91`, in lower case. Nil for anything else, and for
    /// another version.
    public init?(_ text: some StringProtocol) {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = Array(parts.joined())
        let halves = digits.withUnsafeBufferPointer {
            (HexText.read($0, 0..<16), HexText.read($0, 16..<32))
        }
        guard let high = halves.0, let low = halves.1, high >> 12 & 0xF == 7, low >> 62 == 2 else {
            return nil
        }
        self.high = high
        self.low = low
    }

    /// When it was given, to the millisecond.
    public var time: WallTime {
        WallTime(nanosecondsSince1970: Int64(high >> 16) * 1_000_000)
    }

    /// Appends its 36 characters.
    package func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
            HexText.write(high, to: digits, at: 0)
            HexText.write(low, to: digits, at: 16)
            for (place, digit) in digits.enumerated() {
                if place == 8 || place == 12 || place == 16 || place == 20 {
                    bytes.append(UInt8(ascii: "-"))
                }
                bytes.append(digit)
            }
        }
    }
}

extension UUIDv7: CustomStringConvertible {
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
