import Testing

@testable import SignalboxTelemetry

@Suite struct CounterTests {
    let registry = MetricRegistry()

    @Test func `increments by many threads at once sum exactly`() {
        let counter = registry.counter(Catalogue.connectionsRefused).series()
        TestThread.run(8) { _ in
            for _ in 0..<10_000 { counter.increment() }
        }
        #expect(counter.value == 80_000)
    }

    @Test func `more threads than there are slots share one and still sum exactly`() {
        let counter = registry.counter(Catalogue.connectionsRefused).series()
        let amounts = registry.floatingCounter(Self.seconds).series()
        let histogram = registry.histogram(Catalogue.eventLoopLag).series()
        let threads = ThreadSlot.ownedMax + 20
        TestThread.run(threads) { _ in
            for _ in 0..<100 {
                counter.increment(by: 3)
                amounts.increment(by: 0.5)
                histogram.observe(0.5)
            }
        }
        #expect(counter.value == UInt64(threads * 300))
        #expect(amounts.value == Double(threads * 50))
        #expect(histogram.count == UInt64(threads * 100))
        #expect(histogram.sum == Double(threads * 50))
    }

    @Test func `a counter keeps what threads counted that are gone`() {
        let counter = registry.counter(Catalogue.connectionsRefused).series()
        for round in 1...300 {
            TestThread { counter.increment() }.join()
            #expect(counter.value == UInt64(round))
        }
    }

    @Test func `a counter never goes backwards while threads come and go`() {
        let counter = registry.counter(Catalogue.connectionsRefused).series()
        let churn = TestThread {
            for _ in 0..<200 {
                TestThread { for _ in 0..<100 { counter.increment() } }.join()
            }
        }
        var last: UInt64 = 0
        while last < 20_000 {
            let value = counter.value
            #expect(value >= last)
            if value < last { break }
            last = value
        }
        churn.join()
        #expect(counter.value == 20_000)
    }

    @Test func `a gauge that threads raise and lower ends where it began`() {
        let gauge = registry.gauge(Catalogue.inflightRequests).series("groq")
        gauge.set(5)
        TestThread.run(6) { _ in
            for _ in 0..<1_000 {
                gauge.increment()
                gauge.decrement()
            }
            gauge.increment()
        }
        #expect(gauge.value == 11)
        gauge.set(-2.5)
        #expect(gauge.value == -2.5)
    }

    @Test func `a handle works after its registry is gone`() {
        let counter = MetricRegistry().counter(Catalogue.connectionsRefused).series()
        counter.increment()
        #expect(counter.value == 1)
    }

    static let seconds = MetricDefinition(
        "test_seconds_total", .counter, unit: .seconds, help: "Seconds of something.")
}
