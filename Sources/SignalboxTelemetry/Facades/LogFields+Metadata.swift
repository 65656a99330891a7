import Logging

/// swift-log's metadata as fields of a line.
extension LogFields {
    /// Names that a line has by itself; metadata of that name gets a `_` at its end.
    private static let reservedNames: Set<String> = [
        "timestamp", "level", "message", "label", "error", "error_type", "source", "file", "line", "cut",
    ]

    /// By name, so that the same metadata always makes the same line.
    mutating func metadata(_ fields: Logging.Logger.Metadata) {
        guard !fields.isEmpty else { return }
        append(fields, reserved: Self.reservedNames, depth: 1)
    }

    private mutating func append(_ fields: Logging.Logger.Metadata, reserved: Set<String>, depth: Int) {
        var given: Set<String> = []
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            var name = Redaction.masked(key.capped(bytesMax: LogLimits.nameBytesMax))
            if name != key || reserved.contains(name) {
                // No longer unique by itself: a dictionary's keys are, what was made of them need not be.
                while reserved.contains(name) || given.contains(name) || fields[name] != nil { name += "_" }
                given.insert(name)
            }
            guard begin(dynamic: name) else { return }
            if Redaction.hidesField(named: key) { appendMask() } else { append(value, depth: depth) }
        }
    }

    private mutating func append(_ value: Logging.Logger.MetadataValue, depth: Int) {
        switch value {
        case .string(let text):
            appendText(text)
        case .stringConvertible(let value):
            append(described: value)
        case .dictionary, .array:
            guard depth < LogLimits.depthMax else {
                markCut()
                return appendText("…")
            }
            appendNested(value, depth: depth + 1)
        }
    }

    private mutating func appendNested(_ value: Logging.Logger.MetadataValue, depth: Int) {
        if case .dictionary(let fields) = value {
            appendObject { $0.append(fields, reserved: [], depth: depth) }
        } else if case .array(let values) = value {
            appendList(values) { $1.append($0, depth: depth) }
        }
    }

    /// Numbers and truth values stay what they are, so that they can be compared where logs are kept.
    private mutating func append(described value: any CustomStringConvertible) {
        switch value {
        case let value as Int: appendNumber(value)
        case let value as Double: appendNumber(value)
        case let value as Bool: appendBool(value)
        default: appendText(value.description)
        }
    }
}
