public import SignalboxCore

/// The fields of one line, written in the order of the calls straight into the line's bytes.
///
/// Never give it a prompt or an answer. Credentials are `Secret`, which it prints as `•••`; what merely looks
/// like one is masked too (`Redaction`). Names must be plain words: they are not escaped. Those that are only
/// known at run time go through `begin(dynamic:)`, which escapes them.
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
        switch format {
        case .json: bytes.append("\"", value, "\"")
        case .text: append(value)
        }
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
        appendNumber(value)
    }

    public mutating func bool(_ name: StaticString, _ value: Bool) {
        guard begin(name) else { return }
        appendBool(value)
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

    /// `trace_id` and `span_id`, in hexadecimal.
    mutating func trace(_ context: TraceContext) {
        guard begin("trace_id") else { return }
        appendQuote()
        bytes.appendHex(context.traceID.high)
        bytes.appendHex(context.traceID.low)
        appendQuote()
        guard begin("span_id") else { return }
        appendQuote()
        bytes.appendHex(context.spanID.bits)
        appendQuote()
    }

    /// A list of texts.
    public mutating func strings(_ name: StaticString, _ values: [String]) {
        guard begin(name) else { return }
        appendList(values) { value, line in line.appendText(value) }
    }

    /// Fields that were written when they became known.
    public mutating func fixed(_ fields: FixedFields) {
        guard hasRoom() else { return }
        if !isFirst { bytes.append(separator) }
        isFirst = false
        fields.withBytes(format) { bytes.append($0) }
    }

    /// A list of objects, such as the attempts of a request: `describe` is called for 0, 1, … below `count`.
    public mutating func array(
        _ name: StaticString, count: Int, _ describe: (Int, inout LogFields) -> Void
    ) {
        guard begin(name) else { return }
        bytes.append(UInt8(ascii: "["))
        for index in 0..<count {
            guard hasRoom() else { break }
            if index > 0 { bytes.append(separator) }
            appendObject { describe(index, &$0) }
        }
        bytes.append(UInt8(ascii: "]"))
        isFirst = false
    }

    public mutating func array<Items: RandomAccessCollection>(
        _ name: StaticString, _ items: Items, _ describe: (Items.Element, inout LogFields) -> Void
    ) where Items.Index == Int {
        array(name, count: items.count) { describe(items[items.startIndex + $0], &$1) }
    }
}

/// Values without a name, which a list and a dynamic name have after them.
extension LogFields {
    /// `append` writes one value, whatever it is.
    mutating func appendList<Items: Sequence>(
        _ items: Items, _ append: (Items.Element, inout LogFields) -> Void
    ) {
        bytes.append(UInt8(ascii: "["))
        var needsSeparator = false
        for item in items {
            guard hasRoom() else { break }
            if needsSeparator { bytes.append(separator) }
            append(item, &self)
            needsSeparator = true
        }
        bytes.append(UInt8(ascii: "]"))
        isFirst = false
    }

    mutating func appendObject(_ describe: (inout LogFields) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        describe(&self)
        bytes.append(UInt8(ascii: "}"))
        isFirst = false
    }

    mutating func appendNumber(_ value: Int) {
        bytes.append(value)
    }

    mutating func appendNumber(_ value: Double) {
        bytes.append(value.isFinite ? value.description : "null")
    }

    mutating func appendBool(_ value: Bool) {
        append(value ? "true" : "false")
    }

    mutating func appendMask() {
        appendQuote()
        append(Redaction.mask)
        appendQuote()
    }

    /// Begins a field whose name comes from outside; the caller sees to it that it is the only one so named.
    mutating func begin(dynamic name: String) -> Bool {
        guard hasRoom() else { return false }
        if !isFirst { bytes.append(separator) }
        isFirst = false
        appendText(name)
        bytes.append(format == .json ? UInt8(ascii: ":") : UInt8(ascii: "="))
        return true
    }

    /// Where something had to be left out.
    mutating func markCut() {
        isCut = true
    }
}

/// What begins and ends a line.
extension LogFields {
    mutating func beginLine(_ time: WallTime, _ level: LogLevel, _ event: LogEvent) {
        appendHead(time, level)
        appendQuote()
        append(event.name)
        appendQuote()
    }

    /// For messages that are sentences, from outside.
    mutating func beginLine(_ time: WallTime, _ level: LogLevel, message: String) {
        appendHead(time, level)
        appendText(message, isBare: Self.isPlainSentence)
    }

    private mutating func appendHead(_ time: WallTime, _ level: LogLevel) {
        switch format {
        case .json:
            append(#"{"timestamp":""#)
            TimestampText.append(time, to: &bytes)
            append(#"","level":""#)
            bytes.append(level.label)
            append(#"","message":"#)
        case .text:
            TimestampText.append(time, to: &bytes)
            bytes.append(UInt8(ascii: " "))
            bytes.append(level.label)
            bytes.append(UInt8(ascii: " "))
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
        guard hasRoom() else { return false }
        appendName(name)
        return true
    }

    private mutating func hasRoom() -> Bool {
        guard bytes.count < limits.lineBytesMax else {
            isCut = true
            return false
        }
        return true
    }

    private mutating func appendName(_ name: StaticString) {
        switch (format, isFirst) {
        case (.json, false): bytes.append(",\"", name, "\":")
        case (.json, true): bytes.append("\"", name, "\":")
        case (.text, false): bytes.append(" ", name, "=")
        case (.text, true): bytes.append("", name, "=")
        }
        isFirst = false
    }

    /// Only JSON quotes what is a plain word.
    private mutating func appendQuote() {
        if format == .json { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(text)
    }

    /// Capped, masked and escaped; text leaves out the quotes where `isBare` allows.
    mutating func appendText(_ value: String, isBare: (String) -> Bool = LogFields.isPlainWord) {
        guard value.utf8.count <= limits.valueBytesMax else {
            return appendText(value.capped(bytesMax: limits.valueBytesMax), isBare: isBare)
        }
        let isQuoted = format == .json || !isBare(value)
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
        var value = value
        value.withUTF8 { utf8 in
            let traits = TextTraits(of: utf8)
            if traits.isEmpty { bytes.append(utf8) } else { appendCarefully(utf8, traits) }
        }
        if isQuoted { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func appendCarefully(_ utf8: UnsafeBufferPointer<UInt8>, _ traits: TextTraits) {
        var clean = 0
        while traits.contains(.mayHoldCredential), let hidden = Redaction.next(in: utf8, from: clean) {
            bytes.appendEscaped(UnsafeBufferPointer(rebasing: utf8[clean..<hidden.lowerBound]))
            bytes.append(Redaction.mask)
            clean = hidden.upperBound
        }
        let rest = UnsafeBufferPointer(rebasing: utf8[clean...])
        if traits.contains(.needsEscapes) { bytes.appendEscaped(rest) } else { bytes.append(rest) }
    }

    static func isPlainWord(_ value: String) -> Bool {
        !value.isEmpty
            && value.utf8.allSatisfy { byte in
                switch byte {
                case 0...0x20, 0x22, 0x3D, 0x5C, 0x7B, 0x7D, 0x7F: false
                default: true
                }
            }
    }

    /// Without what could be taken for a field or a further line.
    private static func isPlainSentence(_ value: String) -> Bool {
        value.utf8.allSatisfy { byte in
            switch byte {
            case 0...0x1F, 0x22, 0x3D, 0x5C, 0x7F: false
            default: true
            }
        }
    }
}
