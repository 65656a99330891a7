/// How one family is named and typed in a format; its series are the same in all of them.
struct ExpositionOutline: Hashable {
    enum Kind: String {
        case counter
        case gauge
        case histogram
        case info
        case stateset
        /// OpenMetrics' word for a metric that promises nothing.
        case unknown

        /// What a sample's name adds to its family's; OpenMetrics keeps `_created` for itself even where
        /// nobody writes it.
        var suffixes: [String] {
            switch self {
            case .counter: ["_total", "_created"]
            case .histogram: ["_bucket", "_sum", "_count", "_created"]
            case .info: ["_info"]
            case .gauge, .stateset, .unknown: []
            }
        }
    }

    let family: String
    let kind: Kind
    /// The name of every sample; a histogram's are made from it.
    let sample: String
    /// Only where the format has a line for it.
    let unit: String?
}

extension ExpositionOutline {
    /// 0.0.4 knows neither info nor stateset: both are gauges there.
    init(text definition: MetricDefinition) {
        family = definition.name
        sample = definition.name
        unit = nil
        switch definition.kind {
        case .counter: kind = .counter
        case .histogram: kind = .histogram
        case .gauge, .info, .stateset: kind = .gauge
        }
    }

    /// As in 0.0.4, but that there is a field for the unit.
    init(protobuf definition: MetricDefinition) {
        let text = ExpositionOutline(text: definition)
        family = text.family
        kind = text.kind
        sample = text.sample
        let named = kind == .counter ? family.without(suffix: "_total") : family
        unit = definition.kind == .info ? nil : Self.unit(of: definition, kind: kind, family: named)
    }

    init(openMetrics definition: MetricDefinition) {
        kind = Self.openMetricsKind(of: definition)
        switch kind {
        case .counter: family = definition.name.without(suffix: "_total")
        case .info: family = definition.name.without(suffix: "_info")
        case .gauge, .histogram, .stateset, .unknown: family = definition.name
        }
        switch kind {
        case .counter: sample = family + "_total"
        case .info: sample = family + "_info"
        case .gauge, .histogram, .stateset, .unknown: sample = family
        }
        unit = Self.unit(of: definition, kind: kind, family: family)
    }

    /// A metric whose family's name another one has taken: it keeps its samples and loses its type.
    private init(untyped definition: MetricDefinition) {
        family = definition.name
        kind = .unknown
        sample = definition.name
        unit = nil
    }

    /// OpenMetrics wants the state in a label that is named as the metric. A metric whose state is in another
    /// label is a gauge, since a label must not change its name with the
    /// format of a scrape.
    private static func openMetricsKind(of definition: MetricDefinition) -> Kind {
        switch definition.kind {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        case .info: .info
        case .stateset: definition.labels.last == definition.name ? .stateset : .gauge
        }
    }

    /// A unit must end the family's name, and info and stateset have none.
    private static func unit(of definition: MetricDefinition, kind: Kind, family: String) -> String? {
        let unit = definition.unit.rawValue
        switch kind {
        case .info, .stateset, .unknown: return nil
        case .counter, .gauge, .histogram: return !unit.isEmpty && family.hasSuffix("_" + unit) ? unit : nil
        }
    }

    /// The name of the samples that say when a series began, in OpenMetrics.
    var created: String? {
        switch kind {
        case .counter, .histogram: family + "_created"
        case .gauge, .info, .stateset, .unknown: nil
        }
    }

    private var claims: [String] {
        [family] + kind.suffixes.map { family + $0 }
    }
}

extension ExpositionOutline {
    /// One for each of `definitions`, in their order; nil for those that a format cannot carry beside the
    /// others.
    ///
    /// OpenMetrics drops `_total` from a family's name, so that a gauge `jobs` and a counter `jobs_total`
    /// claim the same one, and one such clash spoils the whole scrape. The later of the two becomes unknown
    /// under its full name, or, if that is taken as well, is left out.
    static func outlines(
        of definitions: [MetricDefinition], in format: ExpositionFormat
    ) -> [ExpositionOutline?] {
        switch format {
        case .text: return definitions.map { ExpositionOutline(text: $0) }
        case .protobuf: return definitions.map { ExpositionOutline(protobuf: $0) }
        case .openMetrics:
            var taken: Set<String> = []
            return definitions.map { definition in
                let wanted = ExpositionOutline(openMetrics: definition)
                let isHistogram = wanted.kind == .histogram
                let candidates = isHistogram ? [wanted] : [wanted, ExpositionOutline(untyped: definition)]
                let fitting = candidates.first { taken.isDisjoint(with: $0.claims) }
                if let fitting { taken.formUnion(fitting.claims) }
                return fitting
            }
        }
    }
}

extension String {
    fileprivate func without(suffix: String) -> String {
        hasSuffix(suffix) && utf8.count > suffix.utf8.count ? String(dropLast(suffix.utf8.count)) : self
    }
}
