import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxTelemetry

/// Any content of a registry, written in each format and read back, is the same content.
@Suite struct RoundTripTests {
    @Test(arguments: ExpositionFormat.allCases, Array(1...12) as [UInt64])
    func `what was counted is what is read`(format: ExpositionFormat, seed: UInt64) throws {
        var content = RandomContent(seed: seed, format)
        let metrics = (0..<40).map { content.add($0) }
        let document = try ExpositionDocument(of: content.registry, format)
        let outlines = ExpositionOutline.outlines(of: metrics, in: format)
        for (metric, outline) in zip(metrics, outlines) {
            let family = try #require(document.families[outline?.family ?? ""])
            #expect(Set(family.samples) == content.samples[metric.name], "\(metric.name)")
            #expect(family.natives == content.natives[metric.name] ?? [:])
            #expect(family.help == metric.help)
            #expect(family.type == outline?.kind.rawValue)
            #expect(family.unit == outline?.unit)
        }
        // The registry's own metrics stand beside them.
        #expect(document.order.count(where: { !$0.hasPrefix("signalbox_") }) == metrics.count)
        #expect(content.registry.counter(Catalogue.metricMistakes).series().value == 0)
    }
}

/// Random metrics with random series, and what each must be read back as.
private struct RandomContent {
    enum Phase: String, CaseIterable {
        case up
        case down
        case elsewhere = "neither \"up\" \\ nor\ndown"
    }

    let registry: MetricRegistry
    private(set) var samples: [String: Set<ExpositionDocument.Sample>] = [:]
    private(set) var natives: [String: [[String: String]: ExpositionDocument.Native]] = [:]
    private let format: ExpositionFormat
    private let hasCreatedLines: Bool
    private let isNative: Bool
    private let created: Double
    private var random: FastRandom

    init(seed: UInt64, _ format: ExpositionFormat) {
        self.format = format
        random = FastRandom(seed: seed)
        hasCreatedLines = Bool.random(using: &random)
        isNative = Bool.random(using: &random)
        let clock = ManualClock()
        created = clock.wallTime().seconds
        registry = MetricRegistry(
            limits: MetricLimits(labelValueBytesMax: 16 << 10),
            options: MetricOptions(nativeHistograms: isNative, createdLines: hasCreatedLines), time: clock)
    }

    mutating func add(_ index: Int) -> MetricDefinition {
        let metric = metric(index)
        let isState = metric.kind == .stateset
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let labels = (isState ? metric.labels.dropLast() : metric.labels[...]).map { _ in text() }
            fill(metric, labels)
            if labels.isEmpty { break }
        }
        return metric
    }

    private mutating func metric(_ index: Int) -> MetricDefinition {
        let labels = (0..<Int.random(in: 0...3, using: &random)).map { "label_\($0)" }
        let name = "m\(index)_" + ["a", "B:", "_9"][Int.random(in: 0..<3, using: &random)]
        let help = text()
        switch index % 6 {
        case 0: return MetricDefinition(name + "_total", .counter, labels: labels, help: help)
        case 1:
            return MetricDefinition(
                name + "_seconds_total", .counter, unit: .seconds, labels: labels, help: help)
        case 2: return MetricDefinition(name + "_info", .info, labels: labels, help: help)
        case 3: return MetricDefinition(name + "_bytes", .gauge, unit: .bytes, labels: labels, help: help)
        case 4:
            let own = name.filter { $0 != ":" }
            let last = Bool.random(using: &random) ? own : "state"
            return MetricDefinition(own, .stateset, labels: labels + [last], help: help)
        default:
            return MetricDefinition(
                name + "_seconds", .histogram, unit: .seconds, labels: labels, help: help,
                buckets: [0.00001, 0.5, 1, 1e21])
        }
    }

    /// Gives the series a value and notes the samples that it must be read back as.
    private mutating func fill(_ metric: MetricDefinition, _ labels: [String]) {
        let pairs = Dictionary(uniqueKeysWithValues: zip(metric.labels, labels))
        switch metric.kind {
        case .counter:
            let exemplar = exemplar()
            let value: Double
            if metric.unit == .none {
                value = Double(Int.random(in: 1...(1 << 53), using: &random))
                registry.counter(metric).series(labels).increment(by: UInt64(value), exemplar: exemplar)
            } else {
                value = size()
                registry.floatingCounter(metric).series(labels).increment(by: value, exemplar: exemplar)
            }
            note(metric, metric.name, pairs, value, exemplar.map { TakenExemplar($0, value: value) })
            noteCreated(metric, String(metric.name.dropLast("_total".count)), pairs)
        case .gauge:
            let value = Bool.random(using: &random) ? size() : -size()
            registry.gauge(metric).series(labels).set(value)
            note(metric, metric.name, pairs, value)
        case .stateset:
            let current = Phase.allCases[Int.random(in: 0..<3, using: &random)]
            registry.stateset(metric, of: Phase.self).series(labels).enter(current)
            for phase in Phase.allCases {
                let all = pairs.merging([metric.labels.last ?? "": phase.rawValue]) { $1 }
                note(metric, metric.name, all, phase == current ? 1 : 0)
            }
        case .info:
            registry.info(metric, labels)
            note(metric, metric.name, pairs, 1)
        case .histogram: observe(metric, labels, pairs)
        }
    }

    private mutating func observe(
        _ metric: MetricDefinition, _ labels: [String], _ pairs: [String: String]
    ) {
        let values = (0..<Int.random(in: 0...9, using: &random)).map { _ in size() }
        let bounds = metric.buckets + [.infinity]
        var kept: [Int: TakenExemplar] = [:]
        let histogram = registry.histogram(metric).series(labels)
        for value in values {
            let exemplar = exemplar()
            histogram.observe(value, exemplar: exemplar)
            let bucket = bounds.firstIndex { value <= $0 } ?? 0
            // They are all of one second, so the first of a bucket stays.
            if let exemplar, kept[bucket] == nil { kept[bucket] = TakenExemplar(exemplar, value: value) }
        }
        for (index, bound) in bounds.enumerated() {
            let all = pairs.merging(["le": ExpositionText.spelled(bound)]) { $1 }
            let count = values.count { $0 <= bound }
            note(metric, metric.name + "_bucket", all, Double(count), kept[index])
        }
        note(metric, metric.name + "_sum", pairs, values.reduce(0, +))
        note(metric, metric.name + "_count", pairs, Double(values.count))
        noteCreated(metric, metric.name, pairs)
        guard format == .protobuf && isNative else { return }
        let scale = NativeScale(above: 1e21)
        let base = Int(scale.zeroThreshold.exponent) * 8 + 1
        let places = values.map { scale.place(of: $0) }
        natives[metric.name, default: [:]][pairs] = ExpositionDocument.Native(
            schema: 3, zeroThreshold: scale.zeroThreshold, zeroCount: UInt64(places.count { $0 < 0 }),
            counts: places.filter { $0 >= 0 }.reduce(into: [:]) {
                $0[base + min($1, NativeScale.bucketCount - 1), default: 0] += 1
            })
    }

    private mutating func note(
        _ metric: MetricDefinition, _ name: String, _ labels: [String: String], _ value: Double,
        _ taken: TakenExemplar? = nil
    ) {
        var sample = ExpositionDocument.Sample(name: name, labels: labels, value: value)
        if let taken, format != .text {
            sample.exemplar = ExpositionDocument.Exemplar(
                labels: ["trace_id": taken.exemplar.traceIDText, "span_id": taken.exemplar.spanIDText],
                value: taken.value, seconds: taken.exemplar.time.seconds)
        }
        samples[metric.name, default: []].insert(sample)
    }

    private mutating func noteCreated(
        _ metric: MetricDefinition, _ name: String, _ labels: [String: String]
    ) {
        guard format == .protobuf || (format == .openMetrics && hasCreatedLines) else { return }
        note(metric, name + "_created", labels, created)
    }

    private mutating func exemplar() -> Exemplar? {
        guard Bool.random(using: &random) else { return nil }
        return Exemplar(
            traceIDHigh: random.next(), traceIDLow: random.next() >> 40, spanID: random.next() >> 8,
            time: WallTime(nanosecondsSince1970: 1_795_000_000_123_456_789))
    }

    private mutating func size() -> Double {
        let significand = Double.random(in: 1..<2, using: &random)
        return Double(
            sign: .plus, exponent: Int.random(in: -80...100, using: &random), significand: significand)
    }

    private mutating func text() -> String {
        let pieces = [
            "\\", "\"", "\n", "\r", "{", "}", ",", "=", " ", "#", "n", "\u{0}", "\u{301}", "é", "🚂",
            // What is no UTF-8 becomes U+FFFD before a label can have it.
            String(decoding: [0xFF, 0x80, 0xED, 0xA0, 0x80] as [UInt8], as: UTF8.self),
        ]
        let isLong = Int.random(in: 0..<20, using: &random) == 0
        let noise = (0..<Int.random(in: 0...(isLong ? 4_000 : 20), using: &random)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        return noise.joined() + String(random.next(), radix: 36)
    }
}
