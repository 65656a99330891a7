import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxTelemetry

@Suite struct SeriesScopeTests {
    let registry = MetricRegistry(limits: MetricLimits(seriesMax: 3))

    @Test func `a series leaves the scrape with the last scope that asked for it`() throws {
        let old = registry.scope()
        let new = registry.scope()
        old.gauge(Self.load).series("groq").set(1)
        old.gauge(Self.load).series("gemini").set(2)
        new.gauge(Self.load).series("gemini").set(3)
        old.close()
        #expect(try providers() == ["gemini": "3"])
        #expect(try removed(Self.load) == "1")
        new.close()
        #expect(try providers() == [:])
        #expect(try removed(Self.load) == "2")
    }

    @Test func `a scope that is gone is closed`() throws {
        do {
            let scope = registry.scope()
            scope.gauge(Self.load).series("groq").set(1)
            #expect(try providers() == ["groq": "1"])
        }
        #expect(try providers() == [:])
    }

    @Test func `a series that was asked for without a scope stays`() throws {
        let scope = registry.scope()
        scope.gauge(Self.load).series("groq").set(1)
        registry.gauge(Self.load).series("groq").add(1)
        scope.close()
        #expect(try providers() == ["groq": "2"])
    }

    @Test func `a removed series makes room under the cap`() throws {
        let scope = registry.scope()
        for name in ["a", "b", "c", "d"] { scope.gauge(Self.load).series(name).set(1) }
        #expect(try providers().keys.sorted() == ["a", "b", "other"])
        #expect(try dropped(Self.load) == "2")
        scope.close()
        for name in ["e", "f"] { registry.gauge(Self.load).series(name).set(1) }
        #expect(try providers().keys.sorted() == ["e", "f"])
        #expect(try dropped(Self.load) == "2")
    }

    @Test func `a handle in flight counts on, unseen, and in nobody else's cells`() throws {
        let old = registry.scope()
        let inFlight = old.counter(Self.jobs).series("groq")
        inFlight.increment(by: 5)
        old.close()
        let fresh = registry.counter(Self.jobs).series("groq")
        inFlight.increment(by: 100)
        fresh.increment()
        #expect(inFlight.value == 105)
        #expect(fresh.value == 1)
        #expect(try Exposition(of: registry).value(Self.jobs.name, ["provider": "groq"]) == "1")
    }

    @Test func `labels that come back go on where a scope still has them, and else begin at 0`() {
        let old = registry.scope()
        old.counter(Self.jobs).series("groq").increment(by: 5)
        let new = registry.scope()
        new.counter(Self.jobs).series("groq").increment()
        old.close()
        #expect(new.counter(Self.jobs).series("groq").value == 6)
        new.close()
        #expect(registry.counter(Self.jobs).series("groq").value == 0)
    }

    @Test func `a series that comes back says when it began anew`() throws {
        let clock = ManualClock(wallTime: WallTime(nanosecondsSince1970: 1_000_000_000))
        let registry = MetricRegistry(options: MetricOptions(createdLines: true), time: clock)
        let scope = registry.scope()
        scope.counter(Self.jobs).series("groq").increment()
        scope.histogram(ExemplarTests.sizes).series("a").observe(1)
        #expect(
            ExemplarTests.lines(registry, .openMetrics).contains(#"test_jobs_created{provider="groq"} 1"#))
        #expect(ExemplarTests.lines(registry, .openMetrics).contains(#"test_sizes_created{by="a"} 1"#))
        #expect(ExemplarTests.lines(registry, .text).allSatisfy { !$0.contains("_created") })
        scope.close()
        clock.advance(by: .milliseconds(1_500))
        registry.counter(Self.jobs).series("groq").increment()
        #expect(
            ExemplarTests.lines(registry, .openMetrics)
                == [#"test_jobs_total{provider="groq"} 1"#, #"test_jobs_created{provider="groq"} 2.5"#])
    }

    @Test func `cells are used again once nobody has handles to them, and begin empty`() throws {
        let registry = MetricRegistry()
        var tables: Set<UnsafeRawPointer> = []
        for round in 0..<2_000 {
            let scope = registry.scope()
            let histogram = scope.histogram(ExemplarTests.sizes).series("\(round)")
            tables.insert(UnsafeRawPointer(histogram.cells.table))
            #expect(histogram.count == 0)
            histogram.observe(Double(round), exemplar: ExemplarTests.exemplar(seconds: 1))
            let point = try NativeHistogramTests.point(registry)
            #expect(point.count == 1 && point.native?.total == 1)
            #expect(point.exemplars.compactMap(\.self).count == 1)
        }
        #expect(tables.count == 1)
    }

    @Test func `a scrape that has begun still reads what is removed meanwhile`() throws {
        let scope = registry.scope()
        scope.counter(Self.jobs).series("groq").increment(by: 7)
        let snapshot = registry.snapshot()
        scope.close()
        let other = registry.counter(Catalogue.connectionsRefused).series()
        other.increment(by: 100)
        let family = try #require(snapshot.families.first { $0.definition == Self.jobs })
        family.forEachPoint([]) { point in
            guard case .integer(let value) = point.value else { return }
            #expect(value == 7)
        }
    }

    @Test func `threads that ask and let go at once leave nothing behind`() throws {
        let registry = MetricRegistry()
        TestThread.run(4) { thread in
            for round in 0..<500 {
                let scope = registry.scope()
                for index in 0..<4 {
                    scope.histogram(ExemplarTests.sizes).series("\((round + index) % 8)").observe(1)
                }
                guard thread == 0 else { continue }
                var text: [UInt8] = []
                registry.render(.protobuf, into: &text)
            }
        }
        #expect(ExemplarTests.lines(registry, .text).isEmpty)
        #expect(registry.counter(Catalogue.metricMistakes).series().value == 0)
    }

    private static let load = MetricDefinition("test_load", .gauge, labels: ["provider"], help: "Load.")
    private static let jobs = MetricDefinition(
        "test_jobs_total", .counter, labels: ["provider"], help: "Jobs.")

    private func providers() throws -> [String: String] {
        try Exposition(of: registry).values.reduce(into: [:]) { found, sample in
            guard sample.key.name == Self.load.name, let provider = sample.key.labels["provider"] else {
                return
            }
            found[provider] = sample.value
        }
    }

    private func removed(_ metric: MetricDefinition) throws -> String? {
        try Exposition(of: registry).value(Catalogue.seriesRemoved.name, ["metric": metric.name])
    }

    private func dropped(_ metric: MetricDefinition) throws -> String? {
        try Exposition(of: registry).value(Catalogue.seriesDropped.name, ["metric": metric.name])
    }
}
