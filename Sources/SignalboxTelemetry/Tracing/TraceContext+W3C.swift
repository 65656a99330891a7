import SignalboxCore

/// `traceparent` as the W3C has it: Trace Context, recommendation of 23 November 2021, section 3.2.
extension TraceContext {
    /// Reads what a caller sent. Nil where it must be treated as if there were none.
    ///
    /// A version that is newer than ours is read as far as we know it; its further flags are not.
    /// - Parameters:
    ///   - traceparent: the header's value; spaces and tabs around it are ignored.
    ///   - tracestate: every `tracestate` header, in order. One that is malformed is dropped, and the parent
    ///     kept.
    public init?(traceparent: String, tracestate: [String] = []) {
        var text = traceparent
        guard let parent = text.withUTF8(Self.parent(in:)) else { return nil }
        self = parent
        if !tracestate.isEmpty { state = TraceState(parsing: tracestate) }
    }

    /// Version, trace id, parent id and flags in hexadecimal, with `-` between: 55 bytes.
    static let traceparentLength = 55

    private static func parent(in given: UnsafeBufferPointer<UInt8>) -> TraceContext? {
        let text = trimmed(given)
        guard text.count >= traceparentLength, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = HexText.read(text, 0..<2), version != 0xFF,
            let high = HexText.read(text, 3..<19), let low = HexText.read(text, 19..<35),
            let span = HexText.read(text, 36..<52), let flags = HexText.read(text, 53..<55)
        else { return nil }
        guard text.count == traceparentLength || (version > 0 && text[traceparentLength] == dash) else {
            return nil
        }
        let context = TraceContext(
            traceID: TraceID(high: high, low: low), spanID: SpanID(span),
            flags: TraceFlags(rawValue: UInt8(flags)).intersection(.sampled), isRemote: true)
        return context.traceID.isValid && context.spanID.isValid ? context : nil
    }

    private static let dash = UInt8(ascii: "-")

    private static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var range = 0..<text.count
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
        while let first = range.first, isSpace(text[first]) { range.removeFirst() }
        while let last = range.last, isSpace(text[last]) { range.removeLast() }
        return UnsafeBufferPointer(rebasing: text[range])
    }

    /// The header's value for whoever is called next: always version 00, and no flag but `sampled`.
    public var traceparent: String {
        String(unsafeUninitializedCapacity: Self.traceparentLength) { buffer in
            for offset in [2, 35, 52] { buffer[offset] = Self.dash }
            for offset in [0, 1, 53] { buffer[offset] = UInt8(ascii: "0") }
            HexText.write(traceID.high, to: buffer, at: 3)
            HexText.write(traceID.low, to: buffer, at: 19)
            HexText.write(spanID.bits, to: buffer, at: 36)
            buffer[54] = UInt8(ascii: isSampled ? "1" : "0")
            return Self.traceparentLength
        }
    }
}
