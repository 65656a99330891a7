import CoreMetrics
import Testing

@testable import SignalboxTelemetry

@Suite struct FacadesMetricsTests {
    private let registry = MetricRegistry(limits: MetricLimits(seriesMax: 5))
    private let factory: SignalboxMetricsFactory

    init() {
        factory = SignalboxMetricsFactory(registry: registry)
    }

    @Test func `all kinds come out of a scrape under Prometheus' names`() throws {
        CoreMetrics.Counter(label: "http.requests", dimensions: [("path", "/")], factory: factory).increment(
            by: 3)
        FloatingPointCounter(label: "money-spent", factory: factory).increment(by: 0.25)
        let meter = Meter(label: "queue length", factory: factory)
        meter.set(5)
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        CoreMetrics.Gauge(label: "temperature", factory: factory).record(21.5)
        Recorder(label: "body.bytes", factory: factory).record(100)
        CoreMetrics.Timer(label: "http.request", factory: factory).recordNanoseconds(1_500_000_000)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("http_requests_total", ["path": "/"]) == "3")
        #expect(scrape.value("money_spent_total") == "0.25")
        #expect(scrape.value("queue_length") == "6.5")
        #expect(scrape.value("temperature") == "21.5")
        #expect(scrape.value("body_bytes_bucket", ["le": "64.0"]) == "0")
        #expect(scrape.value("body_bytes_bucket", ["le": "256.0"]) == "1")
        #expect(scrape.value("http_request_seconds_sum") == "1.5")
        #expect(scrape.value("http_request_seconds_bucket", ["le": "1.0"]) == "0")
        #expect(scrape.value("http_request_seconds_bucket", ["le": "2.5"]) == "1")
        #expect(
            ["http_requests_total", "queue_length", "http_request_seconds"].map { scrape.types[$0] }
                == ["counter", "gauge", "histogram"])
        #expect(mistakes(scrape) == "0")
    }

    @Test func `one label and one set of dimensions have one handler, whatever their order`() {
        let one = factory.makeCounter(label: "a", dimensions: [("x", "1"), ("y", "2")])
        let same = factory.makeCounter(label: "a", dimensions: [("y", "2"), ("x", "1")])
        let other = factory.makeCounter(label: "a", dimensions: [("x", "2"), ("y", "1")])
        #expect(one === same)
        #expect(one !== other)
    }

    @Test func `a meter and a gauge of one label are one gauge`() throws {
        factory.makeMeter(label: "a", dimensions: []).increment(by: 2)
        factory.makeRecorder(label: "a", dimensions: [], aggregate: false).record(7 as Int64)
        #expect(try Exposition(of: registry).value("a") == "7")
    }

    @Test(arguments: [
        ("a.b", "a_b"), ("a-b c/d", "a_b_c_d"), ("9lives", "_9lives"), ("ünï", "_n_"), ("a:b", "a_b"),
        ("{\"\n", "___"),
    ])
    func `names are written in Prometheus' alphabet`(label: String, name: String) throws {
        factory.makeMeter(label: label, dimensions: []).set(1 as Int64)
        factory.makeCounter(label: label + ".n", dimensions: []).increment(by: 1)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value(name) == "1")
        #expect(scrape.value(name + "_n_total") == "1")
    }

    @Test func `an ending that is there already is not repeated`() throws {
        factory.makeCounter(label: "hits_total", dimensions: []).increment(by: 1)
        factory.makeTimer(label: "wait.seconds", dimensions: []).recordNanoseconds(1)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("hits_total") == "1")
        #expect(scrape.value("wait_seconds_count") == "1")
    }

    @Test func `dimensions are written as labels may be, and those written the same are joined`() throws {
        let dimensions = [
            ("le", "a"), ("quantile", "b"), ("__name__", "c"), ("", "d"), ("z.z", "2"), ("z-z", "1"),
            ("0", "\"\n"),
        ]
        factory.makeTimer(label: "t", dimensions: dimensions).recordNanoseconds(1)
        let labels = [
            "le_": "a", "quantile_": "b", "_name__": "c", "_": "d", "z_z": "1;2", "_0": "\"\n",
        ]
        #expect(try Exposition(of: registry).value("t_seconds_count", labels) == "1")
    }

    @Test func `what does not fit its name does nothing, is counted, and never traps`() throws {
        let first = factory.makeCounter(label: "a.b", dimensions: [("x", "1")])
        factory.makeCounter(label: "a.b", dimensions: []).increment(by: 7)
        factory.makeCounter(label: "a.b", dimensions: [("y", "1")]).increment(by: 7)
        factory.makeCounter(label: "a_b", dimensions: [("x", "1")]).increment(by: 7)
        factory.makeFloatingPointCounter(label: "a.b", dimensions: [("x", "1")]).increment(by: 7)
        factory.makeMeter(label: "a.b", dimensions: [("x", "1")]).set(7 as Int64)
        factory.makeMeter(label: "", dimensions: []).set(7 as Int64)
        factory.makeMeter(label: String(repeating: "m", count: 300), dimensions: []).set(7 as Int64)
        first.increment(by: -1)
        first.increment(by: 2)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("a_b_total", ["x": "1"]) == "2")
        #expect(mistakes(scrape) == "8")
        #expect(
            scrape.types.keys.sorted()
                == ["a_b_total", mistakesName, Catalogue.seriesDropped.name, Catalogue.seriesRemoved.name]
                .sorted())
    }

    @Test func `no metric is written like a part of another, nor like one of ours`() throws {
        factory.makeTimer(label: "t", dimensions: []).recordNanoseconds(1)
        factory.makeMeter(label: "t.seconds.count", dimensions: []).set(7 as Int64)
        factory.makeMeter(label: "m.sum", dimensions: []).set(1 as Int64)
        factory.makeRecorder(label: "m", dimensions: [], aggregate: true).record(7 as Int64)
        for metric in Catalogue.all {
            factory.makeMeter(label: metric.name, dimensions: []).set(7 as Int64)
        }
        registry.gauge(Catalogue.connections).series().set(1)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("t_seconds_count") == "1")
        #expect(scrape.value("m_sum") == "1")
        #expect(scrape.value(Catalogue.connections.name) == "1")
        #expect(mistakes(scrape) == "\(2 + Catalogue.all.count)")
    }

    @Test func `a metric that the registry knows otherwise is left alone`() throws {
        registry.gauge(MetricDefinition("mine", .gauge, help: "Mine.")).series().set(3)
        factory.makeMeter(label: "mine", dimensions: []).set(7 as Int64)
        factory.makeMeter(label: "mine", dimensions: []).set(8 as Int64)
        #expect(try Exposition(of: registry).value("mine") == "3")
    }

    @Test func `values that are no numbers are counted as mistakes`() throws {
        let meter = factory.makeMeter(label: "m", dimensions: [])
        let counter = factory.makeFloatingPointCounter(label: "c", dimensions: [])
        let recorder = factory.makeRecorder(label: "r", dimensions: [], aggregate: true)
        for value in [Double.nan, .infinity, -.infinity] {
            meter.set(value)
            meter.decrement(by: value)
            counter.increment(by: value)
            recorder.record(value)
        }
        factory.makeTimer(label: "t", dimensions: []).recordNanoseconds(.min)
        let scrape = try Exposition(of: registry)
        #expect(mistakes(scrape) == "13")
        #expect(scrape.value("m") == "0")
        #expect(scrape.value("r_count") == "0")
    }

    @Test func `buckets that cannot be exported are a mistake, not a trap`() throws {
        let limits = BridgeLimits(timerBuckets: [2, 1], recorderBuckets: [])
        let factory = SignalboxMetricsFactory(registry: registry, limits: limits)
        factory.makeTimer(label: "t", dimensions: []).recordNanoseconds(1)
        factory.makeRecorder(label: "r", dimensions: [], aggregate: true).record(1 as Int64)
        #expect(try Exposition(of: registry).types["t_seconds"] == nil)
    }

    @Test func `series beyond the cap share one, and metrics beyond theirs do nothing`() throws {
        for index in 0..<100 {
            factory.makeCounter(label: "c", dimensions: [("user", "\(index)")]).increment(by: 1)
        }
        let narrow = SignalboxMetricsFactory(registry: registry, limits: BridgeLimits(metricsMax: 3))
        for index in 0..<10 { narrow.makeMeter(label: "m\(index)", dimensions: []).set(1 as Int64) }
        let scrape = try Exposition(of: registry)
        #expect(scrape.values.keys.count { $0.name == "c_total" } == 5)
        #expect(scrape.value("c_total", ["user": "other"]) == "96")
        #expect(scrape.values.keys.count { $0.name.hasPrefix("m") } == 3)
    }

    @Test func `a series that is destroyed leaves the scrape, and made again starts anew`() throws {
        let label = ["user": "bo"]
        let counter = CoreMetrics.Counter(label: "c", dimensions: [("user", "bo")], factory: factory)
        counter.increment(by: 2)
        counter.destroy()
        #expect(try Exposition(of: registry).value("c_total", label) == nil)
        counter.increment()
        CoreMetrics.Counter(label: "c", dimensions: [("user", "bo")], factory: factory).increment()
        counter.increment()
        #expect(try Exposition(of: registry).value("c_total", label) == "1")
        let meter = Meter(label: "m", factory: factory)
        meter.set(5)
        meter.destroy()
        _ = Meter(label: "m", factory: factory)
        #expect(try Exposition(of: registry).value("m") == "0")
    }

    @Test func `a series stays while somebody else holds its handler`() throws {
        let one = factory.makeTimer(label: "t", dimensions: [])
        let two = factory.makeTimer(label: "t", dimensions: [])
        factory.destroyTimer(one)
        two.recordNanoseconds(1)
        #expect(try Exposition(of: registry).value("t_seconds_count") == "1")
        factory.destroyTimer(two)
        factory.destroyTimer(two)
        #expect(try Exposition(of: registry).value("t_seconds_count") == nil)
    }

    @Test func `handlers that are not ours are destroyed without harm`() {
        let other = NOOPMetricsHandler.instance
        factory.destroyCounter(other)
        factory.destroyFloatingPointCounter(other)
        factory.destroyMeter(other)
        factory.destroyRecorder(other)
        factory.destroyTimer(other)
    }

    @Test func `many threads use one handler, and nothing is lost`() throws {
        let factory = factory
        let counter = factory.makeCounter(label: "shared", dimensions: [])
        TestThread.run(8) { _ in
            for _ in 0..<1_000 {
                counter.increment(by: 1)
                factory.makeMeter(label: "up", dimensions: []).increment(by: 1)
                factory.makeTimer(label: "t", dimensions: []).recordNanoseconds(1_000)
            }
        }
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("shared_total") == "8000")
        #expect(scrape.value("up") == "8000")
        #expect(scrape.value("t_seconds_count") == "8000")
    }

    @Test func `many threads make and destroy, and one metric comes of it`() throws {
        let factory = factory
        let kept = factory.makeCounter(label: "c", dimensions: [("x", "1")])
        TestThread.run(8) { _ in
            for _ in 0..<500 {
                let counter = factory.makeCounter(label: "c", dimensions: [("x", "1")])
                counter.increment(by: 1)
                factory.destroyCounter(counter)
            }
        }
        kept.increment(by: 5)
        let scrape = try Exposition(of: registry)
        #expect(scrape.value("c_total", ["x": "1"]) == "4005")
        #expect(mistakes(scrape) == "0")
    }

    private var mistakesName: String { Catalogue.metricMistakes.name }

    private func mistakes(_ scrape: Exposition) -> String? {
        scrape.value(mistakesName)
    }
}
