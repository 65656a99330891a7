import SignalboxCore

/// Random JSON documents and their damage, for property tests and fuzzing.
public struct JSONSample {
    private var random: FastRandom

    public init(seed: UInt64) {
        random = FastRandom(seed: seed)
    }

    /// A valid object with up to `membersMax` members; its names are distinct unless written with escapes.
    public mutating func object(membersMax: Int = 8) -> String {
        object(membersMax: membersMax, depth: 0)
    }

    /// `bytes` with a few bytes changed, removed or doubled, or cut short: usually no longer valid.
    public mutating func damaged(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...3, using: &random) where !result.isEmpty {
            let index = Int.random(in: 0..<result.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: result[index] = UInt8.random(in: .min ... .max, using: &random)
            case 1: result[index] = pick(Array(#"{}[]",:\0123eE.-+tfn u"#.utf8))
            case 2: result.remove(at: index)
            case 3: result.insert(result[index], at: index)
            default: result.removeSubrange(index...)
            }
        }
        return result
    }

    private mutating func value(depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 4 ? 6 : 8), using: &random) {
        case 0: "true"
        case 1: "false"
        case 2: "null"
        case 3: number()
        case 4, 5: string()
        case 6: object(membersMax: 4, depth: depth + 1)
        default: array(depth: depth + 1)
        }
    }

    private mutating func object(membersMax: Int, depth: Int) -> String {
        var text = "{" + space()
        for index in 0..<Int.random(in: 0...membersMax, using: &random) {
            if index > 0 { text += "," + space() }
            let name = pick(["model", "stream", "messages", "n", "mod\\u0065l", "ключ", ""])
            text += "\"\(name)\(index)\"\(space()):\(space())\(value(depth: depth))\(space())"
        }
        return text + "}" + space()
    }

    private mutating func array(depth: Int) -> String {
        let elements = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            space() + value(depth: depth) + space()
        }
        return "[" + elements.joined(separator: ",") + "]"
    }

    private mutating func number() -> String {
        pick(["0", "-0", "7", "-12", "3.25", "1e3", "2E-2", "10.5e+1", "123456789", "-1.0"])
    }

    private mutating func string() -> String {
        let pieces = [
            "a", "plain text of some length", " ", "\\n", "\\\"", "\\\\", "\\/", "\\u00e9", "\\ud83d\\ude00",
            "é",
            "стрелка", "信号", "🚂", "{", "]", ":", ",",
        ]
        return "\"" + (0..<Int.random(in: 0...6, using: &random)).map { _ in pick(pieces) }.joined() + "\""
    }

    private mutating func space() -> String {
        pick(["", "", "", " ", "\n", "\t ", "\r\n"])
    }

    private mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }
}
