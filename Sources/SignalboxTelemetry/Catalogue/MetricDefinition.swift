/// What a metric is: everything about it but its values. Spelled once, in a `Catalogue`.
public struct MetricDefinition: Sendable, Hashable {
    public enum Kind: String, Sendable, CaseIterable {
        case counter
        case gauge
        case histogram
        /// Facts as labels; the value is always 1.
        case info
        /// One series per state, 1 for the current one and 0 for the others.
        case stateset
    }

    public enum Unit: String, Sendable, CaseIterable {
        /// A plain number of things.
        case none = ""
        case seconds
        case bytes
        case ratio
    }

    public let name: String
    public let kind: Kind
    public let unit: Unit
    public let labels: [String]
    public let help: String
    /// Upper bounds, ascending, without the infinite one; empty but for histograms.
    public let buckets: [Double]

    public init(
        _ name: String, _ kind: Kind, unit: Unit = .none, labels: [String] = [], help: String,
        buckets: [Double] = []
    ) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
        self.buckets = buckets
    }
}

extension MetricDefinition {
    /// Whether every format can carry it: names in the classic alphabet, no reserved label, ascending finite buckets.
    var isExportable: Bool {
        guard Self.isName(name, colonAllowed: true), labels.allSatisfy(Self.isLabelName) else { return false }
        guard Set(labels).count == labels.count else { return false }
        guard kind == .histogram else { return buckets.isEmpty }
        let isAscending = zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 }
        let isFinite = buckets.allSatisfy(\.isFinite)
        return isAscending && isFinite && (1...MetricLimits.bucketsMax).contains(buckets.count)
    }

    private static func isLabelName(_ label: String) -> Bool {
        isName(label, colonAllowed: false) && label != "le" && label != "quantile" && !label.hasPrefix("__")
    }

    private static func isName(_ name: String, colonAllowed: Bool) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
            case 0x3A: colonAllowed
            default: false
            }
        }
    }
}
