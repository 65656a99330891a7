/// Label values as the text format wants them.
enum LabelText {
    /// `a="x",b="y"`, escaped.
    static func pairs(_ names: [String], _ values: [String]) -> [UInt8] {
        var text: [UInt8] = []
        for (name, value) in zip(names, values) {
            if !text.isEmpty { text.append(UInt8(ascii: ",")) }
            text += Array(name.utf8) + Array("=\"".utf8)
            appendEscaped(value, to: &text, isQuoted: true)
            text.append(UInt8(ascii: "\""))
        }
        return text
    }

    /// `name{a="x"} `, the line of a sample up to its value.
    static func head(of definition: MetricDefinition, _ values: [String]) -> [UInt8] {
        let pairs = pairs(definition.labels, values)
        let name = Array(definition.name.utf8)
        let labels = pairs.isEmpty ? [] : [UInt8(ascii: "{")] + pairs + [UInt8(ascii: "}")]
        return name + labels + [UInt8(ascii: " ")]
    }

    /// Backslashes and line ends, and inside quotes also quotes: HELP text escapes no quotes.
    static func appendEscaped(_ value: String, to text: inout [UInt8], isQuoted: Bool) {
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text += Array(#"\\"#.utf8)
            case UInt8(ascii: "\n"): text += Array(#"\n"#.utf8)
            case UInt8(ascii: "\"") where isQuoted: text += Array(#"\""#.utf8)
            default: text.append(byte)
            }
        }
    }
}
