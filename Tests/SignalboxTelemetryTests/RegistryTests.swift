import Testing

@testable import SignalboxTelemetry

@Suite struct RegistryTests {
    @Test func `label sets beyond the cap share the series other, and are counted`() throws {
        let registry = MetricRegistry(limits: MetricLimits(seriesMax: 3))
        let family = registry.gauge(Catalogue.inflightRequests)
        for index in 0..<100 { family.series("provider-\(index)").increment() }
        let exposition = try Exposition(of: registry)
        let series = exposition.values.keys.filter { $0.name == "llm_inflight_requests" }
        #expect(series.count == 3)
        #expect(exposition.value("llm_inflight_requests", ["provider": "other"]) == "98")
        #expect(
            exposition.value("signalbox_series_dropped_total", ["metric": "llm_inflight_requests"]) == "98")
    }

    @Test func `a known series goes on after the cap is reached`() {
        let registry = MetricRegistry(limits: MetricLimits(seriesMax: 3))
        let family = registry.gauge(Catalogue.inflightRequests)
        for index in 0..<10 { family.series("provider-\(index)").set(1) }
        #expect(family.series("provider-1").value == 1)
    }

    @Test func `a series is exported at zero from the moment it is resolved`() throws {
        let registry = MetricRegistry()
        _ = registry.counter(Catalogue.requests).series("groq", "llama", "success")
        let labels = ["provider": "groq", "model": "llama", "status": "success"]
        #expect(try Exposition(of: registry).value("llm_requests_total", labels) == "0")
    }

    @Test func `a caller's mistakes are counted and change nothing`() throws {
        let registry = MetricRegistry()
        let counter = registry.counter(Catalogue.connectionsRefused).series()
        let histogram = registry.histogram(Catalogue.eventLoopLag).series()
        let gauge = registry.gauge(Catalogue.connections).series()
        counter.increment(by: -1)
        for wrong in [Double.nan, -1, .infinity] { histogram.observe(wrong) }
        gauge.set(.nan)
        gauge.add(.infinity)
        registry.counter(Catalogue.requests).series("too", "few").increment()
        registry.gauge(Catalogue.requests).series("groq", "llama", "success").set(7)
        let quoted = MetricDefinition("not a name", .counter, help: "Nothing.")
        registry.counter(quoted).series().increment()
        let exposition = try Exposition(of: registry)
        #expect(exposition.value("signalbox_metric_mistakes_total") == "9")
        #expect(exposition.value("signalbox_connections_refused_total") == "0")
        #expect(exposition.value("signalbox_event_loop_lag_seconds_count") == "0")
        #expect(exposition.value("signalbox_connections") == "0")
        #expect(exposition.types["llm_requests_total"] == nil)
    }

    @Test func `the same labels give the same series`() {
        let registry = MetricRegistry()
        registry.counter(Catalogue.requests).series("groq", "llama", "success").increment()
        registry.counter(Catalogue.requests).series("groq", "llama", "success").increment()
        #expect(registry.counter(Catalogue.requests).series("groq", "llama", "success").value == 2)
    }

    @Test func `a long label value is cut where a character ends`() throws {
        let registry = MetricRegistry(limits: MetricLimits(labelValueBytesMax: 10))
        registry.gauge(Catalogue.inflightRequests).series("ééééééééé").set(1)
        #expect(try Exposition(of: registry).value("llm_inflight_requests", ["provider": "ééé…"]) == "1")
    }

    @Test func `a series that is read at the scrape can be absent`() throws {
        let registry = MetricRegistry()
        registry.gauge(Catalogue.inflightRequests).series("groq", reading: { 2.5 })
        registry.gauge(Catalogue.inflightRequests).series("gemini", reading: { nil })
        let exposition = try Exposition(of: registry)
        #expect(exposition.value("llm_inflight_requests", ["provider": "groq"]) == "2.5")
        #expect(exposition.value("llm_inflight_requests", ["provider": "gemini"]) == nil)
    }

    @Test func `more cells than one chunk holds are all distinct`() {
        let registry = MetricRegistry()
        let family = registry.histogram(Catalogue.requestLatency)
        let histograms = (0..<200).map { family.series("groq", "model-\($0)") }
        for (index, histogram) in histograms.enumerated() { histogram.observe(Double(index)) }
        for (index, histogram) in histograms.enumerated() {
            #expect(histogram.count == 1)
            #expect(histogram.sum == Double(index))
        }
    }

    @Test func `the process reports on itself`() throws {
        let registry = MetricRegistry()
        registry.registerProcessMetrics()
        let exposition = try Exposition(of: registry)
        for metric in Catalogue.process {
            let value = try #require(exposition.value(metric.name).flatMap(Double.init), "\(metric.name)")
            #expect(value > 0 || metric.name == "process_cpu_seconds_total")
        }
    }

    @Test func `a program's name with spaces and parentheses does not shift its statistics`() {
        var statistics = ProcessStatistics()
        let stat = "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 6000 4096 3 0"
        statistics.parse(stat: stat, bootTime: 1_000, ticksPerSecond: 100, pageBytes: 4_096)
        #expect(statistics.cpuSeconds == 3)
        #expect(statistics.startTimeSeconds == 1_060)
        #expect(statistics.virtualBytes == 4_096)
        #expect(statistics.residentBytes == 12_288)
    }
}
