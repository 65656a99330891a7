import SignalboxCore

/// The pieces that both text formats are made of.
enum ExpositionText {
    static func append(_ value: UInt64, to text: inout [UInt8]) {
        JSONText.append(Int(clamping: value), to: &text)
    }

    /// Whole numbers without a fraction, others as the shortest text that reads back as the same value.
    static func append(_ value: Double, to text: inout [UInt8]) {
        if let whole = Int(exactly: value), whole.magnitude < 1 << 53 {
            JSONText.append(whole, to: &text)
        } else {
            text += Array(spelled(value).utf8)
        }
    }

    /// ` # {trace_id="…",span_id="…"} value seconds`: 63 of the 128 characters that OpenMetrics allows the
    /// labels.
    static func append(_ taken: TakenExemplar, to text: inout [UInt8]) {
        let trace = "trace_id=\"\(taken.exemplar.traceIDText)\",span_id=\"\(taken.exemplar.spanIDText)\""
        text += Array(" # {\(trace)} ".utf8)
        append(taken.value, to: &text)
        text.append(UInt8(ascii: " "))
        append(taken.exemplar.time.seconds, to: &text)
    }

    /// `1.0`, `0.1`, `1e-05`, `+Inf`: OpenMetrics' canonical form, which Prometheus 3 makes of every `le`
    /// anyway.
    static func spelled(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }
}

extension WallTime {
    /// Since 1970, to a quarter of a microsecond.
    var seconds: Double { Double(nanosecondsSince1970) / 1e9 }
}
