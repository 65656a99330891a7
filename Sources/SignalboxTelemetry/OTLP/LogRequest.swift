import SignalboxCore

/// Writes `ExportLogsServiceRequest` (opentelemetry-proto 1.11, `logs/v1/logs.proto`) from JSON lines.
///
/// The line's `message` is the body, and the event's name where it is one; `trace_id` and `span_id` go to the
/// fields that a record has for them, everything else is an attribute under its own name.
public enum LogRequest {
    public static func encode(_ batch: LogExportQueue.Batch, from resource: ExportResource) -> [UInt8] {
        ExportEnvelope(resource: resource).encode { envelope in
            envelope.message(2) { group in
                group.scope(1, ExportEnvelope.ownScope)
                var start = 0
                for entry in batch.entries {
                    group.message(2) { $0.record(entry, batch.bytes, start..<entry.end) }
                    start = entry.end
                }
            }
        }
    }
}

extension LogLevel {
    /// `SeverityNumber`: `notice` is the second kind of INFO, and `critical` of ERROR, as swift-otel has it.
    var severityNumber: UInt64 {
        switch self {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 18
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func record(
        _ entry: LogExportQueue.Batch.Entry, _ bytes: [UInt8], _ range: Range<Int>
    ) {
        time(1, entry.time)
        uint(2, entry.level.severityNumber)
        string(3, entry.level.label)
        do throws(JSONSyntaxError) {
            fields(try JSONFields(scanning: bytes, in: range), isEvent: entry.isEvent)
        } catch {
            // A line that cannot be read, as only one with more members than the scanner takes: sent whole.
            message(5) { $0.bytes(1, bytes[range].dropLast()) }
        }
        time(11, entry.time)
    }

    private mutating func fields(_ fields: JSONFields, isEvent: Bool) {
        for (name, value) in fields.all {
            switch name {
            case "timestamp", "level": continue
            case "message":
                let text = JSONScan.string(at: value, in: fields.bytes) ?? ""
                message(5) { $0.string(1, text) }
                if isEvent { string(12, text) }
            case "trace_id" where identifier(9, value, fields.bytes, bytesCount: 16): continue
            case "span_id" where identifier(10, value, fields.bytes, bytesCount: 8): continue
            default:
                message(6) { pair in
                    pair.string(1, name)
                    pair.message(2) { $0.anyValue(value, in: fields.bytes) }
                }
            }
        }
    }

    /// False where the text is no identifier of that length, and nothing was written.
    private mutating func identifier(
        _ field: Int, _ value: JSONValue, _ bytes: [UInt8], bytesCount: Int
    ) -> Bool {
        let digits = value.range.lowerBound + 1..<value.range.upperBound - 1
        guard value.kind == .string, digits.count == bytesCount * 2 else { return false }
        let words = bytes.withUnsafeBufferPointer { buffer in
            stride(from: digits.lowerBound, to: digits.upperBound, by: 16).compactMap {
                HexText.read(buffer, $0..<$0 + 16)
            }
        }
        guard words.count == bytesCount / 8 else { return false }
        self.bytes(field, words.flatMap { word in withUnsafeBytes(of: word.bigEndian, Array.init) })
        return true
    }

    /// The inside of an `AnyValue` with a JSON value; nothing at all for null. As deep as lines are, which
    /// have a limit.
    private mutating func anyValue(_ value: JSONValue, in json: [UInt8]) {
        switch value.kind {
        case .string: string(1, JSONScan.string(at: value, in: json) ?? "")
        case .true: bool(2, true)
        case .false: bool(2, false)
        case .number:
            if let number = JSONScan.integer(at: value, in: json) {
                int(3, Int64(number))
            } else {
                double(4, Double(String(decoding: json[value.range], as: UTF8.self)) ?? .nan)
            }
        case .array:
            message(5) { array in
                for element in JSONScan.elements(of: value, in: json) {
                    array.message(1) { $0.anyValue(element, in: json) }
                }
            }
        case .object:
            message(6) { list in
                for (name, member) in JSONFields(of: value, in: json)?.all ?? [] {
                    list.message(1) { pair in
                        pair.string(1, name)
                        pair.message(2) { $0.anyValue(member, in: json) }
                    }
                }
            }
        case .null: return
        }
    }
}
