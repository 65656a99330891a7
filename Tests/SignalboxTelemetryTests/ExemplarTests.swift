import SignalboxCore
import Testing

@testable import SignalboxTelemetry

@Suite struct ExemplarTests {
    let registry = MetricRegistry()

    @Test func `OpenMetrics has them behind buckets and counters, and the text format nowhere`() {
        registry.counter(Self.jobs).series().increment(by: 3, exemplar: Self.exemplar(seconds: 2))
        let sizes = registry.histogram(Self.sizes).series("a")
        sizes.observe(0.25, exemplar: Self.exemplar(seconds: 1))
        sizes.observe(9, exemplar: Self.exemplar(seconds: 1.5))
        sizes.observe(2, exemplar: nil)
        let text = Self.lines(registry, .openMetrics)
        let trace = #"{trace_id="00000000000000ab00000000000000cd",span_id="000000000000000f"}"#
        #expect(
            text == [
                "test_jobs_total 3 # \(trace) 3 2",
                #"test_sizes_bucket{by="a",le="1.0"} 1 # \#(trace) 0.25 1"#,
                #"test_sizes_bucket{by="a",le="4.0"} 2"#,
                #"test_sizes_bucket{by="a",le="+Inf"} 3 # \#(trace) 9 1.5"#,
                #"test_sizes_sum{by="a"} 11.25"#, #"test_sizes_count{by="a"} 3"#,
            ])
        #expect(Self.lines(registry, .text).allSatisfy { !$0.contains("#") })
    }

    @Test func `one stays for a second, then a newer one takes its place`() {
        let counter = registry.floatingCounter(Self.jobs).series()
        for (amount, seconds) in [(1, 10), (2, 10.9), (3, 11), (4, 11.5)] as [(Double, Double)] {
            counter.increment(by: amount, exemplar: Self.exemplar(seconds: seconds))
        }
        #expect(Self.lines(registry, .openMetrics).map { $0.suffix(4) } == ["3 11"])
        #expect(counter.value == 10)
    }

    @Test func `a clock that was set back does not stop them`() {
        let counter = registry.counter(Self.jobs).series()
        counter.increment(by: 1, exemplar: Self.exemplar(seconds: 1_000))
        counter.increment(by: 2, exemplar: Self.exemplar(seconds: 10))
        #expect(Self.lines(registry, .openMetrics).map { $0.suffix(4) } == ["2 10"])
    }

    @Test func `a value that does not count is nobody's example`() {
        registry.floatingCounter(Self.jobs).series().increment(by: .nan, exemplar: Self.exemplar(seconds: 1))
        let sizes = registry.histogram(Self.sizes).series("a")
        for wrong in [Double.nan, -1, .infinity] {
            sizes.observe(wrong, exemplar: Self.exemplar(seconds: 1))
        }
        #expect(Self.lines(registry, .openMetrics).allSatisfy { !$0.contains("#") })
    }

    @Test func `writers and readers at once never see half of one`() throws {
        let counter = registry.counter(Self.jobs).series()
        let family = try #require(registry.snapshot().families.first { $0.definition == Self.jobs })
        TestThread.run(4) { thread in
            for round in 1...20_000 {
                let number = UInt64(thread * 1_000_000 + round)
                let time = WallTime(nanosecondsSince1970: Int64(number) << 33)
                counter.increment(
                    by: number,
                    exemplar: Exemplar(
                        traceIDHigh: number, traceIDLow: number, spanID: number, time: time))
                guard round.isMultiple(of: 16) else { continue }
                family.forEachPoint(.exemplars) { point in
                    guard let taken = point.exemplar else { return }
                    let number = taken.exemplar.spanID
                    #expect(taken.exemplar.traceIDHigh == number && taken.exemplar.traceIDLow == number)
                    #expect(taken.value == Double(number))
                    #expect(taken.exemplar.time.nanosecondsSince1970 == Int64(number) << 33)
                }
            }
        }
    }

    static let jobs = MetricDefinition("test_jobs_total", .counter, help: "Jobs.")
    static let sizes = MetricDefinition(
        "test_sizes", .histogram, labels: ["by"], help: "Sizes.", buckets: [1, 4])

    static func exemplar(seconds: Double) -> Exemplar {
        Exemplar(
            traceIDHigh: 0xAB, traceIDLow: 0xCD, spanID: 0xF,
            time: WallTime(nanosecondsSince1970: Int64(seconds * 1e9)))
    }

    /// The samples of the test's own metrics.
    static func lines(_ registry: MetricRegistry, _ format: ExpositionFormat) -> [String] {
        var text: [UInt8] = []
        registry.render(format, into: &text)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("test_") }
    }
}
