public import SignalboxCore

/// The fields of one line, written in the order of the calls straight into the line's bytes.
///
/// Never give it a prompt or an answer. Credentials are `Secret`, which it prints as `•••`; what merely looks like one
/// is masked too (`Redaction`). Names must be plain words: they are not escaped.
public struct LogFields: ~Copyable {
    var bytes: LineBytes
    let format: LogFormat
    let limits: LogLimits
    private var isFirst = true
    private var isCut = false

    init(_ format: LogFormat, _ limits: LogLimits, reusing bytes: consuming LineBytes) {
        self.bytes = bytes
        self.format = format
        self.limits = limits
    }

    public mutating func string(_ name: StaticString, _ value: String) {
        guard begin(name) else { return }
        appendText(value)
    }

    /// Leaves the field out if there is no value: absent values are absent, not null.
    public mutating func string(_ name: StaticString, _ value: String?) {
        if let value { string(name, value) }
    }

    public mutating func string(_ name: StaticString, _ value: StaticString) {
        guard begin(name) else { return }
        appendQuote()
        append(value)
        appendQuote()
    }

    public mutating func string(_ name: StaticString, _ value: Secret) {
        string(name, Redaction.mask)
    }

    public mutating func int(_ name: StaticString, _ value: Int) {
        guard begin(name) else { return }
        bytes.append(value)
    }

    public mutating func int(_ name: StaticString, _ value: Int?) {
        if let value { int(name, value) }
    }

    /// JSON has no infinities and no NaN: they become null.
    public mutating func double(_ name: StaticString, _ value: Double) {
        guard begin(name) else { return }
        bytes.append(value.isFinite ? value.description : "null")
    }

    public mutating func bool(_ name: StaticString, _ value: Bool) {
        guard begin(name) else { return }
        append(value ? "true" : "false")
    }

    /// A duration as a number of milliseconds with three decimals.
    public mutating func milliseconds(_ name: StaticString, _ value: Duration) {
        guard begin(name) else { return }
        let microseconds = value.nanoseconds / 1_000
        if microseconds < 0 { bytes.append(UInt8(ascii: "-")) }
        let magnitude = Int(microseconds.magnitude)
        bytes.append(magnitude / 1_000)
        bytes.append(UInt8(ascii: "."))
        bytes.append(magnitude % 1_000, digits: 3)
    }

    /// A list of objects, such as the attempts of a request.
    public mutating func array<Items: Sequence>(
        _ name: StaticString, _ items: Items, _ describe: (Items.Element, inout LogFields) -> Void
    ) {
        guard begin(name) else { return }
        bytes.append(UInt8(ascii: "["))
        var needsSeparator = false
        for item in items {
            guard bytes.count < limits.lineBytesMax else {
                isCut = true
                break
            }
            if needsSeparator { bytes.append(separator) }
            bytes.append(UInt8(ascii: "{"))
            isFirst = true
            describe(item, &self)
            bytes.append(UInt8(ascii: "}"))
            needsSeparator = true
        }
        bytes.append(UInt8(ascii: "]"))
        isFirst = false
    }
}

/// What begins and ends a line.
extension LogFields {
    mutating func beginLine(_ time: WallTime, _ level: LogLevel, _ event: LogEvent) {
        switch format {
        case .json:
            append(#"{"timestamp":""#)
            TimestampText.append(time, to: &bytes)
            append(#"","level":""#)
            bytes.append(level.label)
            append(#"","message":""#)
            append(event.name)
            appendQuote()
        case .text:
            TimestampText.append(time, to: &bytes)
            bytes.append(UInt8(ascii: " "))
            bytes.append(level.label)
            bytes.append(UInt8(ascii: " "))
            append(event.name)
        }
        isFirst = false
    }

    /// The whole line. Consuming, so that nobody else holds the bytes and they can be used again.
    consuming func endLine() -> LineBytes {
        if isCut {
            appendName("cut")
            append("true")
        }
        if format == .json { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private var separator: UInt8 {
        format == .json ? UInt8(ascii: ",") : UInt8(ascii: " ")
    }

    private mutating func begin(_ name: StaticString) -> Bool {
        guard bytes.count < limits.lineBytesMax else {
            isCut = true
            return false
        }
        appendName(name)
        return true
    }

    private mutating func appendName(_ name: StaticString) {
        if !isFirst { bytes.append(separator) }
        isFirst = false
        appendQuote()
        append(name)
        appendQuote()
        bytes.append(format == .json ? UInt8(ascii: ":") : UInt8(ascii: "="))
    }

    /// Only JSON quotes what is a plain word.
    private mutating func appendQuote() {
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(text)
    }

    private mutating func appendText(_ value: String) {
        var value = value.capped(bytesMax: limits.valueBytesMax)
        let isQuoted = format == .json || !Self.isPlainWord(value)
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
        value.withUTF8 { utf8 in
            var clean = 0
            while let hidden = Redaction.next(in: utf8, from: clean) {
                bytes.appendEscaped(UnsafeBufferPointer(rebasing: utf8[clean..<hidden.lowerBound]))
                bytes.append(Redaction.mask)
                clean = hidden.upperBound
            }
            bytes.appendEscaped(UnsafeBufferPointer(rebasing: utf8[clean...]))
        }
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
    }

    private static func isPlainWord(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { byte in
                switch byte {
                case 0...0x20, 0x22, 0x3D, 0x5C, 0x7B, 0x7D, 0x7F: false
                default: true
                }
            }
    }
}
