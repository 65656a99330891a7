import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxTelemetry

/// Any content of a registry, written in each format and read back, is the same content.
@Suite struct RoundTripTests {
    @Test(arguments: ExpositionFormat.allCases, [1, 2, 3, 4, 5] as [UInt64])
    func `what was counted is what is read`(format: ExpositionFormat, seed: UInt64) throws {
        var random = FastRandom(seed: seed)
        let registry = MetricRegistry()
        var expected: [String: Set<ExpositionDocument.Sample>] = [:]
        for index in 0..<40 {
            let metric = Self.metric(index, &random)
            let name = ExpositionOutline.outlines(of: [metric], in: format)[0]?.family ?? ""
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let labels = metric.labels.map { _ in Self.text(&random) }
                let samples = Self.fill(registry, metric, labels, &random)
                expected[name, default: []].formUnion(samples)
                if labels.isEmpty { break }
            }
        }
        let document = try ExpositionDocument(of: registry, format)
        for (name, samples) in expected {
            #expect(document.families[name].map { Set($0.samples) } == samples)
            #expect(document.families[name]?.help == Self.help)
        }
        // The registry's two metrics about itself stand beside them.
        #expect(document.order.count == expected.count + 2)
    }

    private static let help = "A \"quoted\" \\ backslash \\n\nand a second line."

    private static func metric(_ index: Int, _ random: inout FastRandom) -> MetricDefinition {
        let labels = (0..<Int.random(in: 0...3, using: &random)).map { "label_\($0)" }
        switch index % 4 {
        case 0: return MetricDefinition("m\(index)_total", .counter, labels: labels, help: help)
        case 1: return MetricDefinition("m\(index)_info", .info, labels: labels, help: help)
        case 2:
            return MetricDefinition("m\(index)_bytes", .gauge, unit: .bytes, labels: labels, help: help)
        default:
            return MetricDefinition(
                "m\(index)_seconds", .histogram, unit: .seconds, labels: labels, help: help,
                buckets: [0.00001, 0.5, 1, 1e21])
        }
    }

    /// Gives the series a value and returns the samples that it must be read back as.
    private static func fill(
        _ registry: MetricRegistry, _ metric: MetricDefinition, _ labels: [String],
        _ random: inout FastRandom
    ) -> Set<ExpositionDocument.Sample> {
        let pairs = Dictionary(uniqueKeysWithValues: zip(metric.labels, labels))
        let value = Double(sign: .plus, exponent: Int.random(in: -40...40, using: &random), significand: 1.1)
        switch metric.kind {
        case .counter:
            registry.floatingCounter(metric).series(labels).increment(by: value)
            return [.init(name: metric.name, labels: pairs, value: value)]
        case .gauge, .stateset:
            registry.gauge(metric).series(labels).set(-value)
            return [.init(name: metric.name, labels: pairs, value: -value)]
        case .info:
            registry.info(metric, labels)
            return [.init(name: metric.name, labels: pairs, value: 1)]
        case .histogram:
            registry.histogram(metric).series(labels).observe(value)
            let bounds = [("1e-05", 0.00001), ("0.5", 0.5), ("1.0", 1), ("1e+21", 1e21), ("+Inf", .infinity)]
            let buckets = bounds.map { text, bound in
                ExpositionDocument.Sample(
                    name: metric.name + "_bucket", labels: pairs.merging(["le": text]) { $1 },
                    value: value <= bound ? 1 : 0)
            }
            return Set(buckets).union([
                .init(name: metric.name + "_sum", labels: pairs, value: value),
                .init(name: metric.name + "_count", labels: pairs, value: 1),
            ])
        }
    }

    private static func text(_ random: inout FastRandom) -> String {
        let pieces = [
            "\\", "\"", "\n", "\r", "{", "}", ",", "=", " ", "#", "n", "\u{0}", "\u{301}", "é", "🚂",
        ]
        let noise = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            pieces[Int.random(in: 0..<pieces.count, using: &random)]
        }
        return noise.joined() + String(random.next(), radix: 36)
    }
}
