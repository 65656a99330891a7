/// Writes either text format: they differ in names, types and what may stand behind a sample.
struct TextExposition {
    let format: ExpositionFormat
    /// Whether OpenMetrics says when each counter and histogram began.
    let hasCreatedLines: Bool

    func append(_ snapshot: MetricSnapshot, to text: inout [UInt8]) {
        let outlines = ExpositionOutline.outlines(of: snapshot.families.map(\.definition), in: format)
        for (family, outline) in zip(snapshot.families, outlines) {
            guard let outline else { continue }
            appendHead(of: family.definition, outline, to: &text)
            let detail: FamilySnapshot.Detail = hasExemplars(outline) ? .exemplars : []
            let created = hasCreatedLines ? outline.created : nil
            switch family.content {
            case .histogram(let bounds):
                let lines = HistogramLines(outline, bounds: bounds, created: created)
                family.forEachPoint(detail) { lines.append($0, to: &text) }
            case .integer, .floating, .gauge, .states:
                let lines = SampleLines(family, outline, created: created)
                family.forEachPoint(detail) { lines.append($0, to: &text) }
            }
        }
        if format == .openMetrics { text += Array("# EOF\n".utf8) }
    }

    private func appendHead(
        of definition: MetricDefinition, _ outline: ExpositionOutline, to text: inout [UInt8]
    ) {
        text += Array("# HELP \(outline.family) ".utf8)
        LabelText.appendEscaped(definition.help, to: &text, isQuoted: format == .openMetrics)
        text += Array("\n# TYPE \(outline.family) \(outline.kind.rawValue)\n".utf8)
        guard let unit = outline.unit else { return }
        text += Array("# UNIT \(outline.family) \(unit)\n".utf8)
    }

    private func hasExemplars(_ outline: ExpositionOutline) -> Bool {
        switch outline.kind {
        case .counter, .histogram: format == .openMetrics
        case .gauge, .info, .stateset, .unknown: false
        }
    }
}

/// The lines of one metric that has one sample a series, or one a state.
private struct SampleLines {
    let kind: MetricDefinition.Kind
    /// The name to write, and the length of the one that each series' own text begins with; nil where the
    /// two are the same, as for every metric of the catalogue.
    let renaming: (to: [UInt8], dropping: Int)?
    let created: [UInt8]?
    private let nameCount: Int

    init(_ family: FamilySnapshot, _ outline: ExpositionOutline, created: String?) {
        let name = family.definition.name
        kind = family.definition.kind
        nameCount = name.utf8.count
        renaming = outline.sample == name ? nil : (Array(outline.sample.utf8), nameCount)
        self.created = created.map { Array($0.utf8) }
    }

    func append(_ point: MetricPoint, to text: inout [UInt8]) {
        switch point.value {
        case .integer(let value):
            appendHead(point.series.head, to: &text)
            ExpositionText.append(value, to: &text)
        case .number(let value):
            appendHead(point.series.head, to: &text)
            ExpositionText.append(value, to: &text)
        case .states(_, let current):
            for (index, head) in point.series.stateHeads.enumerated() {
                appendHead(head, to: &text)
                text += [UInt8(ascii: index == current ? "1" : "0"), UInt8(ascii: "\n")]
            }
            return
        case .histogram: return
        }
        if let exemplar = point.exemplar { ExpositionText.append(exemplar, to: &text) }
        text.append(UInt8(ascii: "\n"))
        guard let created, let time = point.created else { return }
        text += created + point.series.head[nameCount...]
        ExpositionText.append(time.seconds, to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    private func appendHead(_ head: [UInt8], to text: inout [UInt8]) {
        guard let renaming else { return text.append(contentsOf: head) }
        text.append(contentsOf: renaming.to)
        text.append(contentsOf: head[renaming.dropping...])
    }
}

/// The lines of one histogram metric, with what all its series share made once.
private struct HistogramLines {
    let bucketHead: [UInt8]
    let bucketTails: [[UInt8]]
    let sumHead: [UInt8]
    let countHead: [UInt8]
    let createdHead: [UInt8]?

    init(_ outline: ExpositionOutline, bounds: Histogram.Bounds, created: String?) {
        bucketHead = Array("\(outline.sample)_bucket{".utf8)
        sumHead = Array("\(outline.sample)_sum".utf8)
        countHead = Array("\(outline.sample)_count".utf8)
        createdHead = created.map { Array($0.utf8) }
        bucketTails = (bounds.values + [.infinity]).map {
            Array("le=\"\(ExpositionText.spelled($0))\"} ".utf8)
        }
    }

    func append(_ point: MetricPoint, to text: inout [UInt8]) {
        guard case .histogram(let histogram) = point.value else { return }
        let labels = point.series.head
        var count: UInt64 = 0
        for (index, tail) in bucketTails.enumerated() {
            count &+= histogram.counts[index]
            text.append(contentsOf: bucketHead)
            if !labels.isEmpty {
                text.append(contentsOf: labels)
                text.append(UInt8(ascii: ","))
            }
            text.append(contentsOf: tail)
            ExpositionText.append(count, to: &text)
            if !histogram.exemplars.isEmpty, let exemplar = histogram.exemplars[index] {
                ExpositionText.append(exemplar, to: &text)
            }
            text.append(UInt8(ascii: "\n"))
        }
        appendHead(sumHead, labels, to: &text)
        ExpositionText.append(histogram.sum, to: &text)
        text.append(UInt8(ascii: "\n"))
        appendHead(countHead, labels, to: &text)
        ExpositionText.append(count, to: &text)
        text.append(UInt8(ascii: "\n"))
        guard let createdHead, let time = point.created else { return }
        appendHead(createdHead, labels, to: &text)
        ExpositionText.append(time.seconds, to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    private func appendHead(_ name: [UInt8], _ labels: [UInt8], to text: inout [UInt8]) {
        text.append(contentsOf: name)
        if !labels.isEmpty {
            text.append(UInt8(ascii: "{"))
            text.append(contentsOf: labels)
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: " "))
    }
}
