/// Base64 (RFC 4648, section 4): the common alphabet, padded.
public enum Base64Text {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var rest = bytes[...]
        while !rest.isEmpty {
            let group = Array(rest.prefix(3))
            rest = rest.dropFirst(3)
            let bits = group.enumerated().reduce(UInt32(0)) {
                $0 | UInt32($1.element) << (16 - 8 * UInt32($1.offset))
            }
            for place in 0..<4 {
                let symbol = alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 0x3F)]
                text.append(place <= group.count ? symbol : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Base64Text {
    /// The bytes that a text stands for; nil for anything that ``encode(_:)`` does not write: other letters,
    /// padding that is missing or in the wrong place, and bits that stand for nothing.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        let symbols = Array(text.utf8)
        guard symbols.count % 4 == 0 else { return nil }
        let padding = symbols.reversed().prefix(2).prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(symbols.count / 4 * 3)
        var bits: UInt32 = 0
        for (place, symbol) in symbols.dropLast(padding).enumerated() {
            guard let value = alphabet.firstIndex(of: symbol) else { return nil }
            bits = bits << 6 | UInt32(value)
            if place % 4 != 0 {
                let unused = 6 - 2 * UInt32(place % 4)
                bytes.append(UInt8(truncatingIfNeeded: bits >> unused))
                bits &= (1 << unused) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
