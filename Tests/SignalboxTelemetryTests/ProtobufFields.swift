/// The fields of one protobuf message, read back strictly by the test's own hand: what the encoding does not
/// allow is thrown.
struct ProtobufFields {
    enum Value: Hashable {
        case varint(UInt64)
        case fixed64(UInt64)
        case delimited([UInt8])
        case fixed32(UInt32)
    }

    struct Invalid: Error {
        var what: String
    }

    private(set) var values: [Int: [Value]] = [:]

    init(_ bytes: some Collection<UInt8>) throws {
        var reader = Reader(Array(bytes))
        while !reader.isAtEnd {
            let tag = try reader.varint()
            guard tag >> 3 > 0 else { throw Invalid(what: "field 0") }
            let value: Value
            switch tag & 7 {
            case 0: value = .varint(try reader.varint())
            case 1: value = .fixed64(try reader.fixed())
            case 2: value = .delimited(try reader.delimited())
            case 5: value = .fixed32(try reader.fixed())
            default: throw Invalid(what: "wire type \(tag & 7)")
            }
            values[Int(tag >> 3), default: []].append(value)
        }
    }

    /// The messages of a stream in which each stands behind its length.
    static func stream(_ bytes: [UInt8]) throws -> [ProtobufFields] {
        var reader = Reader(bytes)
        var messages: [ProtobufFields] = []
        while !reader.isAtEnd { messages.append(try ProtobufFields(try reader.delimited())) }
        return messages
    }

    var fieldNumbers: Set<Int> { Set(values.keys) }

    func uints(_ field: Int) -> [UInt64] {
        values[field, default: []].compactMap { if case .varint(let value) = $0 { value } else { nil } }
    }

    func sints(_ field: Int) -> [Int64] {
        uints(field).map(Self.unfolded)
    }

    func doubles(_ field: Int) -> [Double] {
        values[field, default: []].compactMap {
            if case .fixed64(let value) = $0 { Double(bitPattern: value) } else { nil }
        }
    }

    func bytes(_ field: Int) -> [[UInt8]] {
        values[field, default: []].compactMap { if case .delimited(let value) = $0 { value } else { nil } }
    }

    func strings(_ field: Int) throws -> [String] {
        try bytes(field).map { bytes in
            guard let text = String(validating: bytes, as: UTF8.self) else { throw Invalid(what: "UTF-8") }
            return text
        }
    }

    func messages(_ field: Int) throws -> [ProtobufFields] {
        try bytes(field).map { try ProtobufFields($0) }
    }

    /// Signed numbers, one to a tag or packed, as a reader must take both.
    func packedSints(_ field: Int) throws -> [Int64] {
        try values[field, default: []].flatMap { value -> [Int64] in
            switch value {
            case .varint(let one): return [Self.unfolded(one)]
            case .delimited(let bytes):
                var reader = Reader(bytes)
                var many: [Int64] = []
                while !reader.isAtEnd { many.append(Self.unfolded(try reader.varint())) }
                return many
            case .fixed64, .fixed32: throw Invalid(what: "a fixed field for signed numbers")
            }
        }
    }

    private static func unfolded(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }
}

extension ProtobufFields {
    private struct Reader {
        private let bytes: [UInt8]
        private var place = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        var isAtEnd: Bool { place == bytes.count }

        mutating func varint() throws -> UInt64 {
            var value: UInt64 = 0
            for shift in stride(from: 0, to: 70, by: 7) {
                let byte = try take(1)[0]
                if shift == 63 && byte > 1 { break }
                value |= UInt64(byte & 0x7F) << UInt64(shift)
                if byte < 0x80 { return value }
            }
            throw Invalid(what: "a number too long")
        }

        mutating func fixed<Number: FixedWidthInteger>() throws -> Number {
            try take(Number.bitWidth / 8).reversed().reduce(0) { $0 << 8 | Number($1) }
        }

        mutating func delimited() throws -> [UInt8] {
            let length = try varint()
            guard length <= UInt64(bytes.count) else { throw Invalid(what: "length") }
            return try take(Int(length))
        }

        private mutating func take(_ count: Int) throws -> [UInt8] {
            guard bytes.count - place >= count else { throw Invalid(what: "cut off") }
            defer { place += count }
            return Array(bytes[place..<(place + count)])
        }
    }
}
