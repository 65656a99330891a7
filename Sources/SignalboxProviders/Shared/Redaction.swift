/// Makes a provider's message fit for logs and callers: bounded, on one line, and without anything that looks like a key.
enum Redaction {
    static let charactersMax = 300
    /// Vendors' key prefixes. Some error messages echo the key that was sent.
    private static let keyPrefixes = [
        "sk-", "sk_", "gsk_", "csk-", "xai-", "pk-", "AIza", "AQVN", "AQ.", "fw_", "t1.",
    ]
    /// A run of letters and digits this long is taken for a key, whatever its beginning.
    private static let opaqueLengthMin = 32

    static func clean(_ message: String) -> String {
        // A message may be as long as a reply body may be: only its beginning is looked at.
        let start = message.prefix(charactersMax * 2)
        var words: [Substring] = []
        var followsBearer = false
        for word in start.split(whereSeparator: { $0.isWhitespace || $0.isNewline || $0 == "\0" }) {
            words.append(followsBearer && word.count >= 8 ? "•••" : redacted(word))
            followsBearer = word.lowercased() == "bearer"
        }
        let text = words.joined(separator: " ")
        return text.count > charactersMax ? text.prefix(charactersMax - 1) + "…" : text
    }

    /// Whether bytes can be shown as they are.
    static func isClean(_ bytes: [UInt8]) -> Bool {
        let words = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return words.allSatisfy { redacted($0) == $0 && $0.lowercased() != "bearer" }
    }

    private static func redacted(_ word: Substring) -> Substring {
        var result = ""
        var changed = false
        var rest = word
        while !rest.isEmpty {
            let run = rest.prefix(while: isKeyCharacter)
            if looksLikeKey(run) {
                result += "•••"
                changed = true
            } else {
                result += run
            }
            rest = rest.dropFirst(run.count)
            let separators = rest.prefix(while: { !isKeyCharacter($0) })
            result += separators
            rest = rest.dropFirst(separators.count)
        }
        return changed ? Substring(result) : word
    }

    private static func isKeyCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || "-_.*".contains(character))
    }

    private static func looksLikeKey(_ run: Substring) -> Bool {
        if run.count >= 8, keyPrefixes.contains(where: { run.hasPrefix($0) }) { return true }
        return run.count >= opaqueLengthMin && run.contains(where: \.isNumber)
            && run.contains(where: \.isLetter)
    }
}
