/// Walks the fields of one message in protobuf's wire format, skipping those that nobody asked for. Whatever
/// is not well formed ends the walk: the bytes come from outside.
struct ProtobufReader {
    enum Value: Equatable {
        case number(UInt64)
        case bytes(Range<Int>)
    }

    private let bytes: [UInt8]
    private var position: Int
    private let end: Int
    /// Whether the walk came to an end because of bytes that are no message.
    private(set) var isMalformed = false

    init(_ bytes: [UInt8], in range: Range<Int>? = nil) {
        self.bytes = bytes
        position = range?.lowerBound ?? 0
        end = range?.upperBound ?? bytes.count
    }

    /// The next field; nil at the end and where the message is malformed.
    mutating func next() -> (field: Int, value: Value)? {
        guard position < end, !isMalformed else { return nil }
        guard let tag = varint(), tag >> 3 > 0, tag >> 3 <= 536_870_911, let value = value(tag & 7) else {
            isMalformed = true
            return nil
        }
        return (Int(tag >> 3), value)
    }

    /// Text of a field of bytes, repaired where it is not UTF-8.
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private mutating func value(_ wireType: UInt64) -> Value? {
        switch wireType {
        case 0: return varint().map(Value.number)
        case 1: return fixed(8)
        case 2:
            guard let length = varint(), length <= UInt64(end - position) else { return nil }
            defer { position += Int(length) }
            return .bytes(position..<position + Int(length))
        case 5: return fixed(4)
        default: return nil
        }
    }

    private mutating func fixed(_ count: Int) -> Value? {
        guard end - position >= count else { return nil }
        defer { position += count }
        return .number(bytes[position..<position + count].reversed().reduce(0) { $0 << 8 | UInt64($1) })
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard position < end else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}
