import SignalboxCore

/// The messages that metrics, spans and log records share, with the field numbers of opentelemetry-proto 1.11
/// (`common/v1/common.proto`, `resource/v1/resource.proto`).
extension ProtobufWriter {
    /// A `KeyValue`.
    mutating func attribute(_ field: Int, _ key: String, _ value: AttributeValue) {
        message(field) { pair in
            pair.string(1, key)
            pair.message(2) { $0.anyValue(value) }
        }
    }

    mutating func attributes(_ field: Int, _ attributes: [SpanRecord.Attribute]) {
        for one in attributes { attribute(field, one.key, one.value) }
    }

    /// The inside of an `AnyValue`. Which of its fields is there says what it is, so zeros are written too.
    mutating func anyValue(_ value: AttributeValue) {
        switch value {
        case .string(let text): string(1, text)
        case .bool(let flag): bool(2, flag)
        case .int(let number): int(3, number)
        case .double(let number): double(4, number)
        case .strings(let list): array(list) { $0.string(1, $1) }
        case .bools(let list): array(list) { $0.bool(2, $1) }
        case .ints(let list): array(list) { $0.int(3, $1) }
        case .doubles(let list): array(list) { $0.double(4, $1) }
        }
    }

    private mutating func array<Item>(_ items: [Item], _ write: (inout ProtobufWriter, Item) -> Void) {
        message(5) { array in
            for item in items { array.message(1) { write(&$0, item) } }
        }
    }

    /// A field that is left out where it holds its default, as proto3 does.
    mutating func count(_ field: Int, _ value: Int) {
        if value > 0 { uint(field, UInt64(value)) }
    }

    mutating func text(_ field: Int, _ value: String) {
        if !value.isEmpty { string(field, value) }
    }

    /// Nanoseconds since 1970; left out where the time is not known.
    mutating func time(_ field: Int, _ time: WallTime?) {
        guard let time else { return }
        fixed64(field, UInt64(clamping: time.nanosecondsSince1970))
    }

    mutating func traceID(_ field: Int, _ id: TraceID) {
        withUnsafeBytes(of: (id.high.bigEndian, id.low.bigEndian)) { bytes(field, $0) }
    }

    mutating func spanID(_ field: Int, _ id: SpanID) {
        withUnsafeBytes(of: id.bits.bigEndian) { bytes(field, $0) }
    }

    /// An `InstrumentationScope`.
    mutating func scope(_ field: Int, _ scope: InstrumentationScope) {
        message(field) { message in
            message.text(1, scope.name)
            message.text(2, scope.version)
        }
    }
}
