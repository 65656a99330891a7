import Testing

@testable import SignalboxTelemetry

@Suite struct OpenMetricsRenderingTests {
    @Test func `the text is stable to the byte`() {
        let registry = MetricRegistry()
        let latency = registry.histogram(TextRenderingTests.latency)
        latency.series("b").observe(0.1)
        for value in [0.05, 1, 7] { latency.series("a").observe(value) }
        registry.counter(TextRenderingTests.things).series().increment(by: 12)
        registry.floatingCounter(Self.work).series("x").increment(by: 1.5)
        registry.gauge(Self.free).series().set(1e-05)
        registry.info(TextRenderingTests.build, #"1.0 "\"#)
        registry.stateset(Self.door, of: Door.self).series("1").enter(.open)
        #expect(
            Self.openMetrics(of: registry) == #"""
                # HELP test_build The build.
                # TYPE test_build info
                test_build_info{version="1.0 \"\\"} 1
                # HELP test_door Whether it is open.
                # TYPE test_door stateset
                test_door{number="1",test_door="open"} 1
                test_door{number="1",test_door="shut"} 0
                # HELP test_free_ratio What is left.
                # TYPE test_free_ratio gauge
                # UNIT test_free_ratio ratio
                test_free_ratio 1e-05
                # HELP test_latency_seconds How \"long\" a \\ takes.
                # TYPE test_latency_seconds histogram
                # UNIT test_latency_seconds seconds
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
                # HELP test_things Things\nof all kinds.
                # TYPE test_things counter
                test_things_total 12
                # HELP test_work_seconds Work done.
                # TYPE test_work_seconds counter
                # UNIT test_work_seconds seconds
                test_work_seconds_total{by="x"} 1.5
                # EOF

                """#)
    }

    @Test func `a registry of nothing else ends in EOF too`() {
        #expect(Self.openMetrics(of: MetricRegistry()) == "# EOF\n")
    }

    @Test func `names get the suffix that their type wants`() throws {
        let registry = MetricRegistry()
        let jobs = MetricDefinition("test_jobs", .counter, labels: ["a"], help: "Jobs.")
        registry.counter(jobs).series("x").increment()
        registry.info(MetricDefinition("test_target", .info, labels: ["a"], help: "It."), "x")
        let document = try ExpositionDocument(of: registry, .openMetrics)
        #expect(document.families["test_jobs"]?.samples.map(\.name) == ["test_jobs_total"])
        #expect(document.families["test_jobs"]?.samples.map(\.labels) == [["a": "x"]])
        #expect(document.families["test_target"]?.samples.map(\.name) == ["test_target_info"])
        let text = try ExpositionDocument(of: registry, .text)
        #expect(text.families["test_jobs"]?.samples.map(\.name) == ["test_jobs"])
    }

    @Test func `a unit that is not in the name is not claimed`() throws {
        let registry = MetricRegistry()
        registry.gauge(MetricDefinition("test_age", .gauge, unit: .seconds, help: "Age.")).series().set(1)
        #expect(try ExpositionDocument(of: registry, .openMetrics).families["test_age"]?.unit == nil)
    }

    @Test func `a stateset whose label has a name of its own keeps that label and is a gauge`() throws {
        let registry = MetricRegistry()
        let lamp = MetricDefinition("test_lamp", .stateset, labels: ["state"], help: "Lamp.")
        registry.stateset(lamp, of: Door.self).series().enter(.shut)
        let family = try ExpositionDocument(of: registry, .openMetrics).families["test_lamp"]
        #expect(family?.type == "gauge")
        #expect(family?.samples.map(\.labels) == [["state": "open"], ["state": "shut"]])
        #expect(family?.samples.map(\.value) == [0, 1])
    }

    @Test func `two metrics that want one family name are both exported, and clash in no way`() throws {
        let registry = MetricRegistry()
        registry.gauge(MetricDefinition("test_jobs", .gauge, help: "Now.")).series().set(3)
        registry.counter(MetricDefinition("test_jobs_total", .counter, help: "Ever.")).series().increment()
        let document = try ExpositionDocument(of: registry, .openMetrics)
        #expect(document.families["test_jobs"]?.type == "gauge")
        #expect(document.families["test_jobs_total"]?.type == "unknown")
        #expect(document.families["test_jobs_total"]?.samples.map(\.value) == [1])
    }

    @Test func `a sample that would pass for a histogram's is left out`() throws {
        let registry = MetricRegistry()
        registry.histogram(TextRenderingTests.latency).series("a").observe(1)
        let name = TextRenderingTests.latency.name + "_count"
        registry.gauge(MetricDefinition(name, .gauge, help: "A trap.")).series().set(7)
        let document = try ExpositionDocument(of: registry, .openMetrics)
        #expect(document.families[name] == nil)
        #expect(document.families[TextRenderingTests.latency.name] != nil)
    }

    @Test func `a counter that reads an impossible value is left out and counted`() throws {
        let registry = MetricRegistry()
        let family = registry.counter(Catalogue.requestsRejected)
        for (index, value) in [Double.nan, -1, 4].enumerated() {
            family.series("\(index)", reading: { value })
        }
        let exposition = try Exposition(of: registry)
        #expect(exposition.value(Catalogue.requestsRejected.name, ["reason": "2"]) == "4")
        #expect(exposition.values.keys.filter { $0.name == Catalogue.requestsRejected.name }.count == 1)
        #expect(registry.counter(Catalogue.metricMistakes).series().value == 0)
        #expect(try Exposition(of: registry).value(Catalogue.metricMistakes.name) == "2")
    }

    @Test func `every metric of the catalogue keeps its type and its unit`() {
        let definitions = Catalogue.all.sorted { $0.name < $1.name }
        let outlines = ExpositionOutline.outlines(of: definitions, in: .openMetrics)
        for (definition, outline) in zip(definitions, outlines) {
            #expect(outline?.sample == definition.name)
            // OpenMetrics knows a stateset by a label of the metric's own name.
            let isGauge = definition.kind == .stateset && definition.labels.last != definition.name
            #expect(outline?.kind.rawValue == (isGauge ? "gauge" : definition.kind.rawValue))
            #expect(outline?.unit == (definition.unit == .none ? nil : definition.unit.rawValue))
        }
    }

    static let work = MetricDefinition(
        "test_work_seconds_total", .counter, unit: .seconds, labels: ["by"], help: "Work done.")
    static let free = MetricDefinition("test_free_ratio", .gauge, unit: .ratio, help: "What is left.")
    static let door = MetricDefinition(
        "test_door", .stateset, labels: ["number", "test_door"], help: "Whether it is open.")

    enum Door: String, CaseIterable {
        case open
        case shut
    }

    /// Without the families that every registry has.
    private static func openMetrics(of registry: MetricRegistry) -> String {
        var text: [UInt8] = []
        registry.render(.openMetrics, into: &text)
        let lines = String(decoding: text, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        return lines.filter { !$0.contains("signalbox_") }.joined(separator: "\n")
    }
}
