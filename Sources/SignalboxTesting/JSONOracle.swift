import Foundation

/// Foundation's verdict on JSON, and where it can be trusted: the second opinion of property tests and
/// fuzzing.
package enum JSONOracle {
    package static func accepts(_ bytes: [UInt8]) -> Bool {
        memberNames(bytes) != nil
    }

    /// The names in an object; nil for anything else.
    package static func memberNames(_ bytes: [UInt8]) -> Set<String>? {
        let value = try? JSONSerialization.jsonObject(with: Data(bytes))
        return (value as? [String: Any]).map { Set($0.keys) }
    }

    /// Foundation guesses UTF-16 from zero bytes, takes a byte order mark, forgives a comma before a closing
    /// bracket, and refuses lone surrogates and numbers that overflow, all of which the grammar sees
    /// otherwise.
    package static func isStrict(about bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        let hasExponent = text.firstMatch(of: /[0-9]e[+-]?[0-9]{2}/) != nil
        let hasTrailingComma = text.firstMatch(of: /,\s*[\]}]/) != nil
        return !bytes.contains(0) && bytes.first != 0xEF && !text.contains("\\ud") && !hasExponent
            && !hasTrailingComma
    }
}
