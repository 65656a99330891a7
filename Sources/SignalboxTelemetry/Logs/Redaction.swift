/// Finds what looks like a credential inside text: `Bearer …`, `sk-…`, `gsk_…`, `AIza…`, `whsec_…`.
///
/// A net below the rule that credentials are `Secret`: it catches what a provider quotes back in an error
/// message.
enum Redaction {
    static let mask: StaticString = "•••"

    /// The part to hide of the first credential at or after `start`; its prefix stays readable.
    static func next(in text: UnsafeBufferPointer<UInt8>, from start: Int = 0) -> Range<Int>? {
        var index = start
        while index < text.count {
            // Each shape is looked for at its rarest byte: nearly all text passes with one comparison a byte.
            let prefixEnd: Int?
            switch text[index] {
            case UInt8(ascii: "-"):
                prefixEnd = ends(text, at: index, with: "sk-")
            case UInt8(ascii: "_"):
                prefixEnd = ends(text, at: index, with: "gsk_") ?? ends(text, at: index, with: "whsec_")
            case UInt8(ascii: "z"):
                prefixEnd = index + 1 < text.count ? ends(text, at: index + 1, with: "aiza") : nil
            case UInt8(ascii: " "):
                prefixEnd = ends(text, at: index, with: "bearer ")
            default:
                prefixEnd = nil
            }
            if let prefixEnd {
                let end = text[prefixEnd...].firstIndex { !isTokenByte($0) } ?? text.count
                if end > prefixEnd { return prefixEnd..<end }
            }
            index += 1
        }
        return nil
    }

    /// The text with its credentials masked, for what is compared before it is written.
    static func masked(_ text: String) -> String {
        var text = text
        return text.withUTF8 { utf8 in
            var clean = 0
            var masked = ""
            while let hidden = next(in: utf8, from: clean) {
                masked += String(decoding: utf8[clean..<hidden.lowerBound], as: UTF8.self) + "\(mask)"
                clean = hidden.upperBound
            }
            return masked + String(decoding: utf8[clean...], as: UTF8.self)
        }
    }

    /// Whether a field of that name holds a credential, whatever its value looks like: `Authorization`,
    /// `x-api-key`, `db.password`. Tokens are what models count too, so a plural is none.
    static func hidesField(named name: String) -> Bool {
        let letters = String(decoding: name.utf8.filter(isAlphanumeric).map(lowercased), as: UTF8.self)
        return letters == "token" || secretEndings.contains { letters.hasSuffix($0) }
    }

    private static let secretEndings = [
        "password", "passwd", "passphrase", "secret", "secretkey", "apikey", "accesskey", "privatekey",
        "authorization", "cookie", "credential", "credentials", "accesstoken", "refreshtoken", "authtoken",
        "apitoken", "idtoken", "sessiontoken", "bearertoken",
    ]

    /// The index after `prefix`, if the text up to and with `last` ends in it, at the start of a word.
    private static func ends(
        _ text: UnsafeBufferPointer<UInt8>, at last: Int, with prefix: StaticString
    ) -> Int? {
        let length = prefix.utf8CodeUnitCount
        let first = last + 1 - length
        guard first >= 0 else { return nil }
        for offset in 0..<length where lowercased(text[first + offset]) != prefix.utf8Start[offset] {
            return nil
        }
        guard first == 0 || !isAlphanumeric(text[first - 1]) else { return nil }
        return last + 1
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"), UInt8(ascii: "+"),
            UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "*"):
            true
        default: isAlphanumeric(byte)
        }
    }
}
