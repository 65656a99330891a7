import SignalboxCore

/// The text format 0.0.4, which every version of Prometheus reads.
extension MetricRegistry {
    public static let textContentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Appends every metric in a stable order: by name, then by label values.
    ///
    /// Samples go on being counted meanwhile; a histogram's `_count` always equals its infinite bucket.
    public func renderText(into text: inout [UInt8]) {
        for family in prepared() {
            let series = family.series
            guard !series.isEmpty else { continue }
            ExpositionText.appendHead(of: family.definition, to: &text)
            switch family.content {
            case .histogram(let bounds):
                let lines = HistogramLines(name: family.definition.name, bounds: bounds)
                for one in series { lines.append(one, to: &text) }
            case .integer, .floating, .gauge:
                for one in series { ExpositionText.append(one, as: family.content, to: &text) }
            }
        }
    }
}

enum ExpositionText {
    static func appendHead(of definition: MetricDefinition, to text: inout [UInt8]) {
        text += Array("# HELP \(definition.name) ".utf8)
        LabelText.appendEscaped(definition.help, to: &text, isQuoted: false)
        text += Array("\n# TYPE \(definition.name) \(typeName(of: definition.kind))\n".utf8)
    }

    /// 0.0.4 knows neither info nor stateset: both are gauges there.
    private static func typeName(of kind: MetricDefinition.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .histogram: "histogram"
        case .gauge, .info, .stateset: "gauge"
        }
    }

    static func append(_ series: Series, as content: MetricFamily.Content, to text: inout [UInt8]) {
        if let reading = series.reading {
            guard let value = reading() else { return }
            text.append(contentsOf: series.head)
            append(value, to: &text)
        } else {
            text.append(contentsOf: series.head)
            switch content {
            case .integer: append(series.cells.total(), to: &text)
            case .floating, .gauge, .histogram: append(series.cells.floatingTotal(), to: &text)
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

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

    /// `1.0`, `0.1`, `1e-05`, `+Inf`: OpenMetrics' canonical form, which Prometheus 3 makes of every `le` anyway.
    static func spelled(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }
}

/// The lines of one histogram metric, with what all its series share made once.
private struct HistogramLines {
    let bucketHead: [UInt8]
    let bucketTails: [[UInt8]]
    let sumHead: [UInt8]
    let countHead: [UInt8]

    init(name: String, bounds: Histogram.Bounds) {
        bucketHead = Array("\(name)_bucket{".utf8)
        sumHead = Array("\(name)_sum".utf8)
        countHead = Array("\(name)_count".utf8)
        let finite = (0..<bounds.count).map { bounds.padded[$0] }
        bucketTails = (finite + [.infinity]).map { Array("le=\"\(ExpositionText.spelled($0))\"} ".utf8) }
    }

    func append(_ series: Series, to text: inout [UInt8]) {
        var count: UInt64 = 0
        for (index, tail) in bucketTails.enumerated() {
            count &+= series.cells.total(at: index)
            text.append(contentsOf: bucketHead)
            if !series.head.isEmpty {
                text.append(contentsOf: series.head)
                text.append(UInt8(ascii: ","))
            }
            text.append(contentsOf: tail)
            ExpositionText.append(count, to: &text)
            text.append(UInt8(ascii: "\n"))
        }
        appendHead(sumHead, of: series, to: &text)
        ExpositionText.append(series.cells.floatingTotal(at: bucketTails.count), to: &text)
        text.append(UInt8(ascii: "\n"))
        appendHead(countHead, of: series, to: &text)
        ExpositionText.append(count, to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    private func appendHead(_ name: [UInt8], of series: Series, to text: inout [UInt8]) {
        text.append(contentsOf: name)
        if !series.head.isEmpty {
            text.append(UInt8(ascii: "{"))
            text.append(contentsOf: series.head)
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: " "))
    }
}
