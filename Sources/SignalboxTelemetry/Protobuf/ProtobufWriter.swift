/// Writes messages in protobuf's wire format, field by field, at the end of its bytes.
///
/// It writes what it is told, zeros too: what a message leaves out (in proto3, fields of their default) is
/// its caller's choice. The encoding is that of https://protobuf.dev/programming-guides/encoding/.
package struct ProtobufWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Starts anew, and keeps the memory.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    /// The bytes, which the writer then has no more.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    // MARK: Fields

    /// For `uint32`, `uint64` and enumerations.
    package mutating func uint(_ field: Int, _ value: UInt64) {
        tag(field, .varint)
        varint(value)
    }

    /// For `int32` and `int64`. A negative value takes ten bytes.
    package mutating func int(_ field: Int, _ value: Int64) {
        uint(field, UInt64(bitPattern: value))
    }

    /// For `sint32` and `sint64`: small whatever the sign.
    package mutating func sint(_ field: Int, _ value: Int64) {
        uint(field, Self.zigzag(value))
    }

    package mutating func bool(_ field: Int, _ value: Bool) {
        uint(field, value ? 1 : 0)
    }

    /// For `fixed64`; a `sfixed64` has the same bits.
    package mutating func fixed64(_ field: Int, _ value: UInt64) {
        tag(field, .fixed64)
        append(value)
    }

    /// For `fixed32`; a `sfixed32` has the same bits.
    package mutating func fixed32(_ field: Int, _ value: UInt32) {
        tag(field, .fixed32)
        append(value)
    }

    package mutating func double(_ field: Int, _ value: Double) {
        fixed64(field, value.bitPattern)
    }

    package mutating func string(_ field: Int, _ value: String) {
        bytes(field, value.utf8)
    }

    package mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
        tag(field, .delimited)
        varint(UInt64(value.count))
        bytes.append(contentsOf: value)
    }

    package mutating func message(_ field: Int, _ write: (inout ProtobufWriter) -> Void) {
        tag(field, .delimited)
        delimited(write)
    }

    /// A message behind its length alone, as in a stream of messages.
    ///
    /// One byte is kept free for the length, which is enough for most; behind a longer one the message is
    /// moved.
    package mutating func delimited(_ write: (inout ProtobufWriter) -> Void) {
        let start = bytes.count
        bytes.append(0)
        write(&self)
        let length = UInt64(bytes.count - start - 1)
        guard length > 0x7F else {
            bytes[start] = UInt8(length)
            return
        }
        let bits = UInt64.bitWidth - length.leadingZeroBitCount
        bytes.insert(contentsOf: repeatElement(0x80, count: (bits - 1) / 7), at: start)
        var rest = length
        var place = start
        while rest > 0x7F {
            bytes[place] = UInt8(rest & 0x7F) | 0x80
            rest >>= 7
            place += 1
        }
        bytes[place] = UInt8(rest)
    }

    // MARK: Packed fields: many values behind one tag. No values are no field.

    package mutating func packed(_ field: Int, uints values: some Collection<UInt64>) {
        guard !values.isEmpty else { return }
        message(field) { for value in values { $0.varint(value) } }
    }

    package mutating func packed(_ field: Int, sints values: some Collection<Int64>) {
        guard !values.isEmpty else { return }
        message(field) { for value in values { $0.varint(Self.zigzag(value)) } }
    }

    package mutating func packed(_ field: Int, fixed64s values: some Collection<UInt64>) {
        guard !values.isEmpty else { return }
        message(field) { for value in values { $0.append(value) } }
    }

    package mutating func packed(_ field: Int, doubles values: some Collection<Double>) {
        guard !values.isEmpty else { return }
        message(field) { for value in values { $0.append(value.bitPattern) } }
    }
}

extension ProtobufWriter {
    private enum WireType: UInt64 {
        case varint = 0
        case fixed64 = 1
        case delimited = 2
        case fixed32 = 5
    }

    private mutating func tag(_ field: Int, _ type: WireType) {
        varint(UInt64(field) << 3 | type.rawValue)
    }

    private mutating func varint(_ value: UInt64) {
        guard value > 0x7F else { return bytes.append(UInt8(value)) }
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// 0, -1, 1, -2 … as 0, 1, 2, 3 …
    private static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1 ^ value >> 63)
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}
