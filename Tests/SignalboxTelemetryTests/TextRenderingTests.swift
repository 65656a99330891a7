import Testing

@testable import SignalboxTelemetry

@Suite struct TextRenderingTests {
    @Test func `the text is stable to the byte`() {
        let registry = MetricRegistry()
        let latency = registry.histogram(Self.latency)
        latency.series("b").observe(0.1)
        for value in [0.05, 1, 7] { latency.series("a").observe(value) }
        registry.counter(Self.things).series().increment(by: 12)
        registry.info(Self.build, "1.0")
        var text: [UInt8] = []
        registry.renderText(into: &text)
        let ours = String(decoding: text, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        )
        .filter { !$0.contains("signalbox_") }.joined(separator: "\n")
        #expect(
            ours == #"""
                # HELP test_build_info The build.
                # TYPE test_build_info gauge
                test_build_info{version="1.0"} 1
                # HELP test_latency_seconds How "long" a \\ takes.
                # TYPE test_latency_seconds histogram
                test_latency_seconds_bucket{route="a",le="0.1"} 1
                test_latency_seconds_bucket{route="a",le="5.0"} 2
                test_latency_seconds_bucket{route="a",le="+Inf"} 3
                test_latency_seconds_sum{route="a"} 8.05
                test_latency_seconds_count{route="a"} 3
                test_latency_seconds_bucket{route="b",le="0.1"} 1
                test_latency_seconds_bucket{route="b",le="5.0"} 1
                test_latency_seconds_bucket{route="b",le="+Inf"} 1
                test_latency_seconds_sum{route="b"} 0.1
                test_latency_seconds_count{route="b"} 1
                # HELP test_things_total Things\nof all kinds.
                # TYPE test_things_total counter
                test_things_total 12

                """#)
    }

    @Test(arguments: [
        #"quote " backslash \ both \""#, "line\nend", "", "{},=\"", "\u{0}\u{1F}\u{7F}", "日本語 🚂", "\r\n\t",
        #"\n"#,
    ])
    func `a hostile label value reads back as it was`(value: String) throws {
        let registry = MetricRegistry()
        registry.gauge(Catalogue.inflightRequests).series(value).set(1)
        #expect(try Exposition(of: registry).value("llm_inflight_requests", ["provider": value]) == "1")
    }

    @Test(arguments: [
        (0.1, "0.1"), (1, "1"), (-2, "-2"), (1e-05, "1e-05"), (1e21, "1e+21"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"), (1_795_239_545.123, "1795239545.123"),
    ])
    func `numbers are the shortest text that reads back`(value: Double, expected: String) {
        var text: [UInt8] = []
        ExpositionText.append(value, to: &text)
        #expect(String(decoding: text, as: UTF8.self) == expected)
    }

    @Test func `a bound belongs to its bucket`() {
        let registry = MetricRegistry()
        let bounds = Catalogue.modelSeconds
        for (index, bound) in bounds.enumerated() {
            let histogram = registry.histogram(Catalogue.requestLatency).series("groq", "\(bound)")
            #expect(histogram.bucket(of: bound) == index)
            #expect(histogram.bucket(of: bound.nextUp) == index + 1)
        }
        #expect(registry.histogram(Catalogue.eventLoopLag).series().bucket(of: 0) == 0)
    }

    @Test func `every metric of the catalogue renders, in order of its name`() throws {
        let registry = MetricRegistry()
        for metric in Catalogue.all {
            let labels = metric.labels.map { _ in "x" }
            switch metric.kind {
            case .counter: _ = registry.counter(metric).series(labels)
            case .gauge: _ = registry.gauge(metric).series(labels)
            case .stateset: _ = registry.stateset(metric, of: AttemptStatus.self).series(labels.dropLast())
            case .histogram: _ = registry.histogram(metric).series(labels)
            case .info: registry.info(metric, "1", "2", "3")
            }
        }
        let exposition = try Exposition(of: registry)
        #expect(exposition.order == Catalogue.all.map(\.name).sorted())
        #expect(exposition.value("signalbox_metric_mistakes_total") == "0")
    }

    @Test func `a scrape while threads count has buckets that agree with the count`() throws {
        let registry = MetricRegistry()
        let histogram = registry.histogram(Self.latency).series("a")
        let work = TestThread { for index in 0..<100_000 { histogram.observe(Double(index % 10)) } }
        for _ in 0..<20 {
            let exposition = try Exposition(of: registry)
            let count = exposition.value("test_latency_seconds_count", ["route": "a"])
            let last = exposition.value("test_latency_seconds_bucket", ["route": "a", "le": "+Inf"])
            #expect(count == last)
        }
        work.join()
        #expect(histogram.count == 100_000)
    }

    static let latency = MetricDefinition(
        "test_latency_seconds", .histogram, unit: .seconds, labels: ["route"],
        help: #"How "long" a \ takes."#, buckets: [0.1, 5])
    static let things = MetricDefinition("test_things_total", .counter, help: "Things\nof all kinds.")
    static let build = MetricDefinition("test_build_info", .info, labels: ["version"], help: "The build.")
}
