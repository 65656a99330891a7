import SignalboxCore

/// Writes `ExportMetricsServiceRequest` (opentelemetry-proto 1.11, `metrics/v1/metrics.proto`): everything
/// cumulative, since each series began.
///
/// Names, labels and units are those of the catalogue, but for metrics of OpenTelemetry's conventions, which
/// go by theirs (`Catalogue.conventionNames`). A label without a value is no attribute.
public struct MetricRequest: Sendable {
    /// As which kind histograms are sent.
    public enum Histograms: Sendable {
        case explicit
        /// Where the registry has exponential buckets; else explicit ones.
        case exponential
    }

    public let body: [UInt8]
    /// Data points in it.
    public let points: Int

    /// A request is closed once it is that large, so that none nears the limit of 64 MiB: a metric has a cap
    /// of series.
    private static let bytesMax = 4 << 20

    /// In as many requests as they need; none has no metric in it.
    package static func encode(
        _ snapshot: MetricSnapshot, _ histograms: Histograms, from resource: ExportResource
    ) -> [MetricRequest] {
        var requests: [MetricRequest] = []
        var group: [EncodedMetric] = []
        var bytes = 0
        for family in snapshot.families {
            let metric = EncodedMetric(family, histograms, at: snapshot.time)
            if metric.points == 0 { continue }
            if bytes + metric.bytes.count > bytesMax, !group.isEmpty {
                requests.append(MetricRequest(group, from: resource))
                group = []
                bytes = 0
            }
            group.append(metric)
            bytes += metric.bytes.count
        }
        if !group.isEmpty { requests.append(MetricRequest(group, from: resource)) }
        return requests
    }

    private init(_ group: [EncodedMetric], from resource: ExportResource) {
        points = group.reduce(0) { $0 + $1.points }
        body = ExportEnvelope(resource: resource).encode { envelope in
            envelope.message(2) { scope in
                scope.scope(1, ExportEnvelope.ownScope)
                for metric in group { scope.bytes(2, metric.bytes) }
            }
        }
    }
}

/// The inside of one `Metric` message.
private struct EncodedMetric {
    private(set) var bytes: [UInt8] = []
    private(set) var points = 0
    private let family: FamilySnapshot
    private let keys: [String]
    private let time: WallTime

    private static let cumulative: UInt64 = 2

    init(_ family: FamilySnapshot, _ histograms: MetricRequest.Histograms, at time: WallTime) {
        self.family = family
        self.time = time
        let convention = Catalogue.conventionNames[family.definition.name]
        keys = family.definition.labels.map { label in
            convention == nil ? label : Catalogue.conventionAttributes[label] ?? label
        }
        var writer = ProtobufWriter()
        writer.string(1, convention?.name ?? family.definition.name)
        writer.text(2, family.definition.help)
        writer.text(3, convention?.unit ?? family.definition.unit.ucum)
        switch family.definition.kind {
        case .counter:
            writer.message(7) { sum in
                numbers(in: &sum)
                sum.uint(2, Self.cumulative)
                sum.bool(3, true)
            }
        case .gauge, .info, .stateset: writer.message(5) { numbers(in: &$0) }
        case .histogram: self.histograms(histograms, in: &writer)
        }
        bytes = writer.take()
    }

    // MARK: Numbers

    private mutating func numbers(in message: inout ProtobufWriter) {
        family.forEachPoint(.exemplars) { point in
            switch point.value {
            case .integer(let value):
                number(of: point, in: &message) { $0.fixed64(6, UInt64(min(value, UInt64(Int64.max)))) }
            case .number(let value): number(of: point, in: &message) { $0.double(4, value) }
            case .states(let names, let current):
                for (place, name) in names.enumerated() {
                    number(of: point, in: &message, state: name) { $0.double(4, place == current ? 1 : 0) }
                }
            case .histogram: return
            }
        }
    }

    private mutating func number(
        of point: MetricPoint, in message: inout ProtobufWriter, state: String? = nil,
        _ write: (inout ProtobufWriter) -> Void
    ) {
        points += 1
        message.message(1) { data in
            // A gauge has no beginning: what it shows is now.
            if family.definition.kind == .counter { data.time(2, point.created) }
            data.time(3, time)
            write(&data)
            if let exemplar = point.exemplar { data.message(5) { $0.exemplar(exemplar) } }
            attributes(7, point.labels + [state].compactMap(\.self), in: &data)
        }
    }

    private func attributes(_ field: Int, _ values: [String], in message: inout ProtobufWriter) {
        for (key, value) in zip(keys, values) where !value.isEmpty {
            let number = Catalogue.numericAttributes.contains(key) ? Int64(value) : nil
            message.attribute(field, key, number.map(AttributeValue.int) ?? .string(value))
        }
    }

    // MARK: Histograms

    private mutating func histograms(_ kind: MetricRequest.Histograms, in writer: inout ProtobufWriter) {
        var detail = FamilySnapshot.Detail.exemplars
        if kind == .exponential { detail.insert(.nativeBuckets) }
        var read: [(point: MetricPoint, histogram: HistogramPoint)] = []
        family.forEachPoint(detail) { point in
            if case .histogram(let histogram) = point.value { read.append((point, histogram)) }
        }
        points = read.count
        let isExponential = kind == .exponential && read.allSatisfy { $0.histogram.native != nil }
        writer.message(isExponential ? 10 : 9) { message in
            for (point, histogram) in read {
                message.message(1) { data in
                    data.time(2, point.created)
                    data.time(3, time)
                    data.nonzero(4, histogram.count)
                    data.double(5, histogram.sum)
                    if isExponential, let native = histogram.native {
                        data.exponential(native)
                    } else {
                        data.packed(6, fixed64s: histogram.counts)
                        data.packed(7, doubles: histogram.bounds)
                    }
                    for case .some(let exemplar) in histogram.exemplars {
                        data.message(isExponential ? 11 : 8) { $0.exemplar(exemplar) }
                    }
                    attributes(isExponential ? 1 : 9, point.labels, in: &data)
                }
            }
            message.uint(2, Self.cumulative)
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func exponential(_ native: NativeBuckets) {
        sint(6, Int64(native.schema))
        nonzero(7, native.zeroCount)
        message(8) { buckets in
            // OpenTelemetry numbers a bucket by where it begins, Prometheus by where it ends.
            if native.firstIndex != 1 { buckets.sint(1, Int64(native.firstIndex) - 1) }
            buckets.packed(2, uints: native.counts)
        }
        double(14, native.zeroThreshold)
    }

    fileprivate mutating func nonzero(_ field: Int, _ value: UInt64) {
        if value > 0 { fixed64(field, value) }
    }

    fileprivate mutating func exemplar(_ taken: TakenExemplar) {
        time(2, taken.exemplar.time)
        double(3, taken.value)
        spanID(4, SpanID(taken.exemplar.spanID))
        traceID(5, TraceID(high: taken.exemplar.traceIDHigh, low: taken.exemplar.traceIDLow))
    }
}

extension MetricDefinition.Unit {
    /// In the notation that OpenTelemetry asks for.
    fileprivate var ucum: String {
        switch self {
        case .none: ""
        case .seconds: "s"
        case .bytes: "By"
        case .ratio: "1"
        }
    }
}
