/// Private characters that stand in for characters which the YAML library must not see; none moves a line or column.
///
/// Yams copies what an alias names into its place. Nine lines of aliases thus become a billion values, and a chain of
/// them overflows the stack when it is freed. With every `*` disguised, an alias is an ordinary word, and is refused.
enum Disguise {
    private static let asterisk: Unicode.Scalar = "\u{E100}"
    private static let reserved = Unicode.Scalar("\u{E000}")...asterisk
    private static let firstKeyMask: UInt32 = 0xE000
    /// How many different masks there are for keys.
    static let keyMasks = 20

    /// Where the text itself holds a character that would be taken for a disguise.
    static func firstCollision(in text: String) -> String.Index? {
        text.unicodeScalars.firstIndex(where: reserved.contains)
    }

    static func hidingAliases(in text: String) -> String {
        replacing("*", with: asterisk, in: text)
    }

    /// The text as it stands in the file.
    static func revealed(_ text: String) -> String {
        replacing(asterisk, with: "*", in: text)
    }

    /// Whether a plain scalar is an alias in the file.
    static func isAlias(_ text: String) -> Bool {
        text.unicodeScalars.first == asterisk
    }

    /// The mask for a key's first letter.
    static func keyMask(_ number: Int) -> Unicode.Scalar? {
        number < keyMasks ? Unicode.Scalar(firstKeyMask + UInt32(number)) : nil
    }

    /// Which mask a key begins with; nil for a key that is not masked.
    static func keyMaskNumber(of key: String) -> Int? {
        guard let letter = key.unicodeScalars.first, letter != asterisk, reserved.contains(letter) else {
            return nil
        }
        return Int(letter.value - firstKeyMask)
    }

    private static func replacing(_ old: Unicode.Scalar, with new: Unicode.Scalar, in text: String) -> String
    {
        guard text.unicodeScalars.contains(old) else { return text }
        var result = String.UnicodeScalarView()
        result.append(contentsOf: text.unicodeScalars.lazy.map { $0 == old ? new : $0 })
        return String(result)
    }
}
