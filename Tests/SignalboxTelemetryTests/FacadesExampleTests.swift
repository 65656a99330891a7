import CoreMetrics
import Logging
import SignalboxTelemetry
import Testing
import Tracing

/// The examples of docs/embedding.md, which is why it imports nothing but what is public. The two systems can
/// be set up once in a process: nothing else may do it here.
@Suite struct FacadesExampleTests {
    @Test func `a program's own logs, metrics and spans come out of ours`() {
        let pipe = TestPipe()
        let registry = MetricRegistry()
        let writer = LogWriter(descriptor: pipe.writer)
        MetricsSystem.bootstrap(SignalboxMetricsFactory(registry: registry))
        LoggingSystem.bootstrap { SignalboxLogHandler(label: $0, writer: writer) }
        let spans = SpanQueue(destination: "collector", registry: registry)
        InstrumentationSystem.bootstrap(SignalboxTracer(sink: spans, scope: "shop"))

        let log = Logging.Logger(label: "shop")
        log.info("order taken", metadata: ["items": ["tea", "cake"]])
        CoreMetrics.Counter(label: "shop.orders", dimensions: [("kind", "web")]).increment()
        withSpan("take order") { span in span.attributes["items"] = 2 }

        var scrape: [UInt8] = []
        registry.renderText(into: &scrape)
        writer.shutdown()

        let text = String(decoding: scrape, as: UTF8.self)
        #expect(text.contains("\nshop_orders_total{kind=\"web\"} 1\n"))
        #expect(spans.next(upTo: 10).map(\.name) == ["take order"])
        let lines = pipe.remainingLines()
        #expect(lines.count == 1)
        #expect(
            lines.first?.hasSuffix(
                #""level":"info","message":"order taken","label":"shop","items":["tea","cake"]}"#) == true)
    }

    @Test func `a program's own metrics come out in every format`() {
        enum Phase: String, CaseIterable { case open, closed }
        let registry = MetricRegistry()

        let sizes = MetricDefinition(
            "shop_order_items", .histogram, help: "Items of an order.", buckets: [1, 4, 16])
        let phase = MetricDefinition(
            "shop_phase", .stateset, labels: ["shop_phase"], help: "Whether we sell.")
        let visits = MetricDefinition(
            "shop_visits_total", .counter, labels: ["campaign"], help: "Visitors.")

        registry.histogram(sizes).series().observe(3)
        registry.stateset(phase, of: Phase.self).series().enter(.open)

        let scope = registry.scope()
        scope.counter(visits).series("flower fair").increment()

        #expect(text(of: registry).contains("\nshop_order_items_bucket{le=\"4.0\"} 1\n"))
        #expect(text(of: registry).contains("\nshop_phase{shop_phase=\"open\"} 1\n"))
        #expect(text(of: registry).contains("\nshop_visits_total{campaign=\"flower fair\"} 1\n"))
        scope.close()
        #expect(!text(of: registry).contains("flower fair"))
    }

    private func text(of registry: MetricRegistry) -> String {
        var scrape: [UInt8] = []
        registry.render(.openMetrics, into: &scrape)
        return String(decoding: scrape, as: UTF8.self)
    }
}
