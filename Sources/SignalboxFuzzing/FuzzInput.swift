/// Takes an input apart: what is chosen stands before what is read.
struct FuzzInput {
    private(set) var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        rest = bytes[...]
    }

    /// By one byte, the first where there is none.
    mutating func choice<Element>(of choices: [Element]) -> Element? {
        choices.isEmpty ? nil : choices[Int(rest.popFirst() ?? 0) % choices.count]
    }

    /// Eight bytes, zeros where there are fewer.
    mutating func number() -> UInt64 {
        (0..<8).reduce(0) { number, _ in number << 8 | UInt64(rest.popFirst() ?? 0) }
    }

    /// The next so many bytes, or what there is.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(rest.prefix(count))
        rest = rest.dropFirst(taken.count)
        return taken
    }

    /// What stands before the next line feed; nil behind the last.
    mutating func line() -> [UInt8]? {
        guard !rest.isEmpty else { return nil }
        let line = rest.prefix { $0 != UInt8(ascii: "\n") }
        rest = rest.dropFirst(line.count + 1)
        return Array(line)
    }

    /// `name: value` lines up to an empty one.
    mutating func headers() -> [String: String] {
        var headers: [String: String] = [:]
        while let line = line(), !line.isEmpty {
            let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            let value = line[colon...].dropFirst().drop { $0 == 0x20 }
            headers[name] = String(decoding: value, as: UTF8.self)
        }
        return headers
    }

    var text: String { String(decoding: rest, as: UTF8.self) }
    var bytes: [UInt8] { Array(rest) }

    /// What ``headers()`` reads.
    static func written(_ headers: [String: String]) -> [UInt8] {
        let lines = headers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
        return Array((lines.joined() + "\n").utf8)
    }
}
