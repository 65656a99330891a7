/// The weighted choices of a header field such as `Accept` or `Accept-Encoding` (RFC 9110, section 12.5).
///
/// What cannot be read is left out, so that one broken choice does not spoil its neighbours.
package struct AcceptField: Sendable, Hashable {
    package struct Choice: Sendable, Hashable {
        /// A media range or a content coding, in lower case.
        package var name: String
        /// Without the weight; names in lower case, values without their quotes.
        package var parameters: [String: String] = [:]
        /// 0 refuses, 1 is best.
        package var weight = 1.0
    }

    /// In the order of the field.
    package let choices: [Choice]

    package init(_ field: String) {
        choices = Self.pieces(of: field[...], between: ",").compactMap(Self.choice)
    }

    private static func choice(_ piece: Substring) -> Choice? {
        let parts = pieces(of: piece, between: ";")
        guard let name = parts.first, !name.isEmpty, !name.contains(where: { $0 == " " || $0 == "\"" }) else {
            return nil
        }
        var choice = Choice(name: name.lowercased())
        // A semicolon at the end says nothing, and some clients write it.
        for part in parts.dropFirst() where !part.isEmpty {
            guard let (name, value) = parameter(part) else { return nil }
            guard name == "q" else {
                choice.parameters[name] = value
                continue
            }
            guard let weight = weight(value) else { return nil }
            choice.weight = weight
        }
        return choice
    }

    private static func parameter(_ part: Substring) -> (name: String, value: String)? {
        guard let equals = part.firstIndex(of: "=") else { return nil }
        let name = trimmed(part[..<equals])
        let value = trimmed(part[part.index(after: equals)...])
        guard !name.isEmpty, !value.isEmpty, !name.contains("\"") else { return nil }
        guard value.first == "\"" else { return (name.lowercased(), String(value)) }
        guard value.count > 1, value.last == "\"" else { return nil }
        return (name.lowercased(), unescaped(value.dropFirst().dropLast()))
    }

    /// A backslash makes plain what stands behind it, another backslash too (RFC 9110, 5.6.4).
    private static func unescaped(_ text: Substring) -> String {
        var plain = String.UnicodeScalarView()
        var isEscape = false
        for scalar in text.unicodeScalars {
            isEscape = scalar == "\\" && !isEscape
            if !isEscape { plain.append(scalar) }
        }
        return String(plain)
    }

    /// More digits than the three that RFC 9110 allows are read too: Java's own client sends `.2`.
    private static func weight(_ text: String) -> Double? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }) else {
            return nil
        }
        guard let weight = Double(text), (0...1).contains(weight) else { return nil }
        return weight
    }

    /// What stands between separators that are outside quotes, without the white space around it.
    private static func pieces(of text: Substring, between separator: Unicode.Scalar) -> [Substring] {
        var pieces: [Substring] = []
        var start = text.startIndex
        var isQuoted = false
        var isEscaped = false
        for index in text.unicodeScalars.indices {
            let scalar = text.unicodeScalars[index]
            if isEscaped {
                isEscaped = false
            } else if scalar == "\"" {
                isQuoted.toggle()
            } else if scalar == "\\" {
                isEscaped = isQuoted
            } else if scalar == separator && !isQuoted {
                pieces.append(trimmed(text[start..<index]))
                start = text.unicodeScalars.index(after: index)
            }
        }
        pieces.append(trimmed(text[start...]))
        return pieces
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isSpace)
        while let last = text.last, isSpace(last) { text.removeLast() }
        return text
    }
}
