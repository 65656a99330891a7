import CoreMetrics
import Logging
import SignalboxTelemetry
import Testing
import Tracing

/// The example of docs/embedding.md, which is why it imports nothing but what is public. The two systems can
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
}
