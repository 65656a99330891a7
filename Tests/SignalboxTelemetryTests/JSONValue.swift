/// A strict little reader of JSON, so that lines are checked by something that did not write them.
indirect enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    struct Invalid: Error {}

    init(parsing text: String) throws {
        var reader = JSONReader(bytes: Array(text.utf8))
        self = try reader.value()
        reader.skipSpace()
        guard reader.isAtEnd else { throw Invalid() }
    }

    subscript(_ name: String) -> JSONValue? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var index = 0

    var isAtEnd: Bool { index == bytes.count }

    mutating func skipSpace() {
        while index < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[index]) { index += 1 }
    }

    mutating func next() throws -> UInt8 {
        guard index < bytes.count else { throw JSONValue.Invalid() }
        index += 1
        return bytes[index - 1]
    }

    mutating func expect(_ text: String) throws {
        for byte in text.utf8 where try next() != byte { throw JSONValue.Invalid() }
    }

    mutating func takes(_ mark: Character) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == mark.asciiValue else { return false }
        index += 1
        return true
    }

    mutating func value() throws -> JSONValue {
        skipSpace()
        guard index < bytes.count else { throw JSONValue.Invalid() }
        switch bytes[index] {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return .number(try number())
        }
    }

    mutating func object() throws -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        try expect("{")
        if takes("}") { return fields }
        repeat {
            skipSpace()
            let name = try string()
            guard takes(":"), fields[name] == nil else { throw JSONValue.Invalid() }
            fields[name] = try value()
        } while takes(",")
        try expect("}")
        return fields
    }

    mutating func array() throws -> [JSONValue] {
        var items: [JSONValue] = []
        try expect("[")
        if takes("]") { return items }
        repeat { items.append(try value()) } while takes(",")
        try expect("]")
        return items
    }

    mutating func string() throws -> String {
        var text: [UInt8] = []
        try expect("\"")
        while true {
            let byte = try next()
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw JSONValue.Invalid() }
                return string
            case UInt8(ascii: "\\"): text += try escaped()
            case 0..<0x20: throw JSONValue.Invalid()
            default: text.append(byte)
            }
        }
    }

    mutating func escaped() throws -> [UInt8] {
        let escapes: [UInt8: UInt8] = [
            0x22: 0x22, 0x5C: 0x5C, 0x2F: 0x2F, 0x62: 8, 0x66: 12, 0x6E: 10, 0x72: 13, 0x74: 9,
        ]
        let byte = try next()
        if byte == UInt8(ascii: "u") {
            let digits = String(decoding: try (0..<4).map { _ in try next() }, as: UTF8.self)
            guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
                throw JSONValue.Invalid()
            }
            return Array(String(Character(scalar)).utf8)
        }
        guard let plain = escapes[byte] else { throw JSONValue.Invalid() }
        return [plain]
    }

    mutating func number() throws -> Double {
        let start = index
        while index < bytes.count, "+-0123456789.eE".utf8.contains(bytes[index]) { index += 1 }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        guard !text.hasPrefix("+"), !text.hasPrefix("."), let number = Double(text) else {
            throw JSONValue.Invalid()
        }
        return number
    }
}
