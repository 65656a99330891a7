import SignalboxCore

/// Writes Prometheus' protobuf format: `io.prometheus.client.MetricFamily` messages, each behind its length.
///
/// The numbers are those of `metrics.proto` in github.com/prometheus/client_model. It knows neither info nor
/// statesets: both are gauges, as in the text format.
struct ProtobufExposition {
    private enum Family {
        static let name = 1
        static let help = 2
        static let type = 3
        static let metric = 4
        static let unit = 5
    }

    private enum Metric {
        static let label = 1
        static let gauge = 2
        static let counter = 3
        static let histogram = 7
    }

    private enum Kind {
        static let counter: UInt64 = 0
        static let gauge: UInt64 = 1
        static let histogram: UInt64 = 4
    }

    private enum Counter {
        static let value = 1
        static let exemplar = 2
        static let created = 3
    }

    private enum Gauge {
        static let value = 1
    }

    private enum Label {
        static let name = 1
        static let value = 2
    }

    private enum Exemplar {
        static let label = 1
        static let value = 2
        static let time = 3
    }

    private enum Timestamp {
        static let seconds = 1
        static let nanoseconds = 2
    }

    private var writer = ProtobufWriter()

    static func bytes(of snapshot: MetricSnapshot) -> [UInt8] {
        var exposition = ProtobufExposition()
        for family in snapshot.families { exposition.append(family) }
        return exposition.writer.take()
    }

    private mutating func append(_ family: FamilySnapshot) {
        let definition = family.definition
        let outline = ExpositionOutline(protobuf: definition)
        writer.delimited { writer in
            writer.string(Family.name, outline.sample)
            writer.string(Family.help, definition.help)
            writer.uint(Family.type, Self.type(of: definition.kind))
            family.forEachPoint([.nativeBuckets, .exemplars]) { point in
                Self.append(point, of: definition, to: &writer)
            }
            if let unit = outline.unit { writer.string(Family.unit, unit) }
        }
    }

    private static func type(of kind: MetricDefinition.Kind) -> UInt64 {
        switch kind {
        case .counter: Kind.counter
        case .gauge, .info, .stateset: Kind.gauge
        case .histogram: Kind.histogram
        }
    }

    private static func append(
        _ point: MetricPoint, of definition: MetricDefinition, to writer: inout ProtobufWriter
    ) {
        if case .states(let states, let current) = point.value {
            for (index, state) in states.enumerated() {
                writer.message(Family.metric) { writer in
                    append(definition.labels, point.labels + [state], to: &writer)
                    writer.message(Metric.gauge) { $0.double(Gauge.value, index == current ? 1 : 0) }
                }
            }
            return
        }
        writer.message(Family.metric) { writer in
            append(definition.labels, point.labels, to: &writer)
            switch point.value {
            case .integer(let value): append(Double(value), point, to: &writer)
            case .number(let value) where definition.kind == .counter: append(value, point, to: &writer)
            case .number(let value): writer.message(Metric.gauge) { $0.double(Gauge.value, value) }
            case .histogram(let histogram):
                writer.message(Metric.histogram) { append(histogram, created: point.created, to: &$0) }
            case .states: break
            }
        }
    }

    private static func append(_ names: [String], _ values: [String], to writer: inout ProtobufWriter) {
        for index in names.indices {
            writer.message(Metric.label) { writer in
                writer.string(Label.name, names[index])
                writer.string(Label.value, values[index])
            }
        }
    }

    private static func append(_ count: Double, _ point: MetricPoint, to writer: inout ProtobufWriter) {
        writer.message(Metric.counter) { writer in
            writer.double(Counter.value, count)
            if let exemplar = point.exemplar {
                writer.message(Counter.exemplar) { append(exemplar, to: &$0) }
            }
            if let created = point.created {
                writer.message(Counter.created) { append(created, to: &$0) }
            }
        }
    }

    static func append(_ taken: TakenExemplar, to writer: inout ProtobufWriter) {
        let labels = [
            ("trace_id", taken.exemplar.traceIDText), ("span_id", taken.exemplar.spanIDText),
        ]
        for (name, value) in labels {
            writer.message(Exemplar.label) { writer in
                writer.string(Label.name, name)
                writer.string(Label.value, value)
            }
        }
        writer.double(Exemplar.value, taken.value)
        writer.message(Exemplar.time) { append(taken.exemplar.time, to: &$0) }
    }

    static func append(_ time: WallTime, to writer: inout ProtobufWriter) {
        let (seconds, rest) = time.nanosecondsSince1970.quotientAndRemainder(dividingBy: 1_000_000_000)
        // The nanoseconds count forward, before 1970 too.
        writer.int(Timestamp.seconds, rest < 0 ? seconds - 1 : seconds)
        writer.int(Timestamp.nanoseconds, rest < 0 ? rest + 1_000_000_000 : rest)
    }
}
