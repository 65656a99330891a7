/// What swift-metrics calls a metric, and what Prometheus calls it.
struct BridgedMetric: Hashable {
    enum Kind: Hashable {
        case counter
        case floatingCounter
        case gauge
        case recorder
        case timer
    }

    private static let labelBytesMax = 256

    let kind: Kind
    let label: String

    var hasLabelWithinBounds: Bool {
        (1...Self.labelBytesMax).contains(label.utf8.count)
    }

    func definition(labels: [String], _ limits: BridgeLimits) -> MetricDefinition {
        let help = "Recorded through swift-metrics as \(label)."
        switch kind {
        case .counter, .floatingCounter:
            return MetricDefinition(name(ending: "_total"), .counter, labels: labels, help: help)
        case .gauge:
            return MetricDefinition(name(ending: ""), .gauge, labels: labels, help: help)
        case .recorder:
            return MetricDefinition(
                name(ending: ""), .histogram, labels: labels, help: help, buckets: limits.recorderBuckets)
        case .timer:
            return MetricDefinition(
                name(ending: "_seconds"), .histogram, unit: .seconds, labels: labels, help: help,
                buckets: limits.timerBuckets)
        }
    }

    private func name(ending: String) -> String {
        let name = Self.word(label)
        return name.hasSuffix(ending) ? name : name + ending
    }

    /// In the classic alphabet: `.`, `-`, space and whatever else there is become `_`. A colon too: it is
    /// for recording rules.
    static func word(_ text: String) -> String {
        var word = text.utf8.first.map { 0x30...0x39 ~= $0 } == true ? "_" : ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": word.unicodeScalars.append(scalar)
            default: word.append("_")
            }
        }
        return word
    }
}

/// Dimensions as label names and values, in an order that does not depend on the caller's.
struct BridgedLabels {
    private(set) var names: [String] = []
    private(set) var values: [String] = []

    /// Keys that are written the same share a label, their values joined with `;`, as OpenTelemetry has it.
    init(_ dimensions: [(String, String)], valueBytesMax: Int) {
        let named = dimensions.map { (name: Self.name($0.0), key: $0.0, value: $0.1) }
        for one in named.sorted(by: { ($0.name, $0.key, $0.value) < ($1.name, $1.key, $1.value) }) {
            if one.name == names.last {
                values[values.count - 1] += ";" + one.value
            } else {
                names.append(one.name)
                values.append(one.value)
            }
        }
        values = values.map { $0.capped(bytesMax: valueBytesMax) }
    }

    /// Two underscores in front are Prometheus' own, and so are two names.
    private static func name(_ key: String) -> String {
        var word = BridgedMetric.word(key)
        while word.hasPrefix("__") { word.removeFirst() }
        switch word {
        case "": return "_"
        case "le", "quantile": return word + "_"
        default: return word
        }
    }
}

extension MetricDefinition {
    /// Each name under which a scrape shows it in any format: no two metrics may share one.
    var sampleNames: [String] {
        switch kind {
        case .counter: [name] + (name.hasSuffix("_total") ? [String(name.dropLast("_total".count))] : [])
        case .histogram: [name] + ["_bucket", "_sum", "_count"].map { name + $0 }
        case .gauge, .info, .stateset: [name]
        }
    }
}
