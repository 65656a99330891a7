/// Writes the little YAML that a description needs, one key a line.
struct YAMLText {
    private(set) var text = ""

    mutating func key(_ path: String, depth: Int = 0, isFirstOfEntry: Bool = false) {
        line("\(path):", depth: depth, isFirstOfEntry: isFirstOfEntry)
    }

    mutating func value(_ key: String, _ value: String, depth: Int, isFirstOfEntry: Bool = false) {
        line("\(key): \(Self.scalar(value))", depth: depth, isFirstOfEntry: isFirstOfEntry)
    }

    mutating func number(_ key: String, _ value: Double, depth: Int) {
        self.value(key, Self.plain(value), depth: depth)
    }

    mutating func numbers(_ key: String, _ values: [Double], depth: Int) {
        list(key, values.map(Self.plain), depth: depth)
    }

    mutating func list(_ key: String, _ values: [String], depth: Int) {
        line(
            "\(key): [\(values.map(Self.scalar).joined(separator: ", "))]", depth: depth,
            isFirstOfEntry: false)
    }

    /// As it would be written by hand: `3`, not `3.0`.
    static func plain(_ number: Double) -> String {
        let text = "\(number)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// `isFirstOfEntry` puts a list's dash before the line.
    private mutating func line(_ content: String, depth: Int, isFirstOfEntry: Bool) {
        text += String(repeating: "  ", count: isFirstOfEntry ? depth - 1 : depth)
        text += isFirstOfEntry ? "- \(content)\n" : "\(content)\n"
    }

    /// Plain where no reader could take it for anything but text, a number or a flag; else in double quotes.
    static func scalar(_ value: String) -> String {
        let isPlain = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || "._/-".utf8.contains(byte)
        }
        let isSafe = !value.isEmpty && value.utf8.allSatisfy(isPlain) && !"-.".contains(value.prefix(1))
        if isSafe && !["null", "Null", "NULL"].contains(value) { return value }
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            default:
                if scalar.properties.generalCategory == .control || !scalar.isASCII && scalar != "•" {
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
                } else {
                    quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
