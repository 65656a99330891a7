import SignalboxCore

extension MetricRegistry {
    /// Appends every metric in a stable order: by name, then by label values.
    ///
    /// Samples go on being counted meanwhile; a histogram's `_count` always equals its infinite bucket.
    public func render(_ format: ExpositionFormat, into text: inout [UInt8]) {
        let families = prepared()
        let outlines = ExpositionOutline.outlines(of: families.map(\.definition), in: format)
        for (family, outline) in zip(families, outlines) {
            let series = family.series
            guard let outline, !series.isEmpty else { continue }
            ExpositionText.appendHead(of: family.definition, outline, format, to: &text)
            switch family.content {
            case .histogram(let bounds):
                let lines = HistogramLines(name: outline.sample, bounds: bounds)
                for one in series { lines.append(one, to: &text) }
            case .integer, .floating, .gauge:
                let lines = SampleLines(family, outline)
                for one in series { lines.append(one, to: &text) }
            }
        }
        switch format {
        case .text: break
        case .openMetrics: text += Array("# EOF\n".utf8)
        }
    }

    /// The text format 0.0.4.
    public func renderText(into text: inout [UInt8]) {
        render(.text, into: &text)
    }
}

enum ExpositionText {
    static func appendHead(
        of definition: MetricDefinition, _ outline: ExpositionOutline, _ format: ExpositionFormat,
        to text: inout [UInt8]
    ) {
        text += Array("# HELP \(outline.family) ".utf8)
        LabelText.appendEscaped(definition.help, to: &text, isQuoted: format.escapesQuotesInHelp)
        text += Array("\n# TYPE \(outline.family) \(outline.kind.rawValue)\n".utf8)
        guard let unit = outline.unit else { return }
        text += Array("# UNIT \(outline.family) \(unit)\n".utf8)
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

    /// `1.0`, `0.1`, `1e-05`, `+Inf`: OpenMetrics' canonical form, which Prometheus 3 makes of every `le`
    /// anyway.
    static func spelled(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.description
    }
}

extension ExpositionFormat {
    fileprivate var escapesQuotesInHelp: Bool {
        switch self {
        case .text: false
        case .openMetrics: true
        }
    }
}

/// The lines of one metric that has one sample a series.
private struct SampleLines {
    let content: MetricFamily.Content
    let kind: MetricDefinition.Kind
    /// The name to write, and the length of the one that each series' own text begins with; nil where the
    /// two are the same, as for every metric of the catalogue.
    let renaming: (to: [UInt8], dropping: Int)?

    init(_ family: MetricFamily, _ outline: ExpositionOutline) {
        let name = family.definition.name
        content = family.content
        kind = family.definition.kind
        renaming = outline.sample == name ? nil : (Array(outline.sample.utf8), name.utf8.count)
    }

    func append(_ series: Series, to text: inout [UInt8]) {
        if let reading = series.reading {
            guard let value = reading() else { return }
            // One impossible counter would make a scraper refuse all the others.
            guard kind != .counter || value >= 0 else { return series.cells.countMistake() }
            appendHead(of: series, to: &text)
            append(value, to: &text)
        } else {
            appendHead(of: series, to: &text)
            switch content {
            case .integer: ExpositionText.append(series.cells.total(), to: &text)
            case .floating, .gauge, .histogram: append(series.cells.floatingTotal(), to: &text)
            }
        }
        text.append(UInt8(ascii: "\n"))
    }

    private func appendHead(of series: Series, to text: inout [UInt8]) {
        guard let renaming else { return text.append(contentsOf: series.head) }
        text.append(contentsOf: renaming.to)
        text.append(contentsOf: series.head[renaming.dropping...])
    }

    /// A state is current or it is not, whatever number a caller set.
    private func append(_ value: Double, to text: inout [UInt8]) {
        switch kind {
        case .stateset: ExpositionText.append(value == 0 ? 0.0 : 1.0, to: &text)
        case .counter, .gauge, .histogram, .info: ExpositionText.append(value, to: &text)
        }
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
