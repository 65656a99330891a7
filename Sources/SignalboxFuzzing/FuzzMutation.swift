import SignalboxCore

/// Random damage to realistic bytes.
struct FuzzMutation {
    var random: FastRandom
    let words: [[UInt8]]

    /// - Parameter words: worth trying, besides those that parsers have stumbled over.
    init(seed: UInt64, words: [String] = []) {
        random = FastRandom(seed: seed)
        self.words = Self.stumblingBlocks + words.map { Array($0.utf8) }
    }

    /// The same for the same bytes: whatever a check chooses must be in its input.
    init(choosingFor input: [UInt8]) {
        // FNV-1a.
        let hash = input.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
            (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        self.init(seed: hash)
    }

    private static let stumblingBlocks = [
        "null", "true", "[]", "{}", "\"\"", "0", "-1", "1e999", "-0", "9223372036854775807",
        "-9223372036854775808", "99999999999999999999", "0.1", "\\u0000", "\\ud800", "\\", "\"", ",", ":",
        "{",
        "}", "[", "]", "\r\n", "\n\n", "data:", "data: [DONE]\n\n", "event: error\n", "\u{FEFF}", "é", "🚂",
        "\"error\":", "\"usage\":", "\"choices\":", "\"content\":", "\"type\":", "\"code\":", "\"model\":",
    ].map { Array($0.utf8) }

    /// None in one of eight.
    mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        guard Int.random(in: 0..<8, using: &random) > 0 else { return result }
        for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&result) }
        return result
    }

    private mutating func mutate(_ bytes: inout [UInt8]) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let other = Int.random(in: place...min(bytes.count, place + 64), using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0 where place < bytes.count: bytes[place] = .random(in: .min ... .max, using: &random)
        case 1: bytes.insert(contentsOf: word(), at: place)
        case 2: bytes.replaceSubrange(place..<other, with: word())
        case 3: bytes.removeSubrange(place..<other)
        case 4: bytes.insert(contentsOf: bytes[place..<other], at: place)
        case 5: replaceNumber(&bytes, from: place)
        case 6: bytes.insert(contentsOf: [UInt8](repeating: UInt8(ascii: "["), count: 80), at: place)
        case 7: replaceString(&bytes, from: place)
        default: bytes.removeSubrange(place...)
        }
    }

    mutating func pick<Element>(_ choices: [Element]) -> Element {
        choices[Int.random(in: 0..<choices.count, using: &random)]
    }

    mutating func index(of choices: [some Any]) -> Int {
        Int.random(in: 0..<max(1, choices.count), using: &random)
    }

    private mutating func word() -> [UInt8] {
        words.randomElement(using: &random) ?? []
    }

    private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        guard let start = bytes[place...].firstIndex(where: isDigit) else { return }
        let end = bytes[start...].firstIndex { !isDigit($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: word())
    }

    private mutating func replaceString(_ bytes: inout [UInt8], from place: Int) {
        guard let start = bytes[place...].firstIndex(of: UInt8(ascii: "\"")),
            let end = bytes[(start + 1)...].firstIndex(of: UInt8(ascii: "\""))
        else { return }
        bytes.replaceSubrange(start...end, with: word())
    }

    /// `bytes` cut anywhere.
    mutating func chunks(of bytes: [UInt8]) -> [[UInt8]] {
        let sizeMax = Int.random(in: 1...64, using: &random)
        var chunks: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = rest.prefix(Int.random(in: 0...sizeMax, using: &random))
            chunks.append(Array(chunk))
            rest = rest.dropFirst(chunk.count)
        }
        return chunks
    }
}
