/// Fields whose values are known before any line is: capped, masked and escaped once, then copied.
public final class FixedFields: Sendable {
    private let json: [UInt8]
    private let text: [UInt8]

    /// - Parameter describe: writes the same fields each time, at least one.
    public init(limits: LogLimits = LogLimits(), _ describe: (inout LogFields) -> Void) {
        json = Self.render(.json, limits, describe)
        text = Self.render(.text, limits, describe)
    }

    func withBytes(_ format: LogFormat, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        switch format {
        case .json: json.withUnsafeBufferPointer(body)
        case .text: text.withUnsafeBufferPointer(body)
        }
    }

    private static func render(
        _ format: LogFormat, _ limits: LogLimits, _ describe: (inout LogFields) -> Void
    ) -> [UInt8] {
        var fields = LogFields(format, limits, reusing: LineBytes())
        describe(&fields)
        return fields.bytes.withBytes { Array($0) }
    }
}
