import Foundation
import SignalboxCore
import SignalboxTesting
import Testing

@testable import SignalboxTelemetry

extension LogEvent {
    fileprivate static let sample: LogEvent = "llm_sample"
}

/// Requests with every field in them, byte for byte as in `Golden`. What those bytes mean is checked by
/// Tests/EndToEnd/test_otlp_bytes.py, which reads the same files with OpenTelemetry's official protobufs.
///
/// With `WRITE_GOLDEN=1` in the environment the files are written anew.
@Suite struct ExportBytesTests {
    private let resource = ExportResource(
        configured: ["service.name": "tower", "deployment.environment.name": "test"], instance: "instance-1")
    private let clock = ManualClock(wallTime: WallTime(nanosecondsSince1970: 1_700_000_000_123_456_789))
    private let trace = TraceID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

    private enum Door: String, CaseIterable, Sendable {
        case open, closed
    }

    private func expect(_ bytes: [UInt8], in name: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let file = folder.appending(path: "Golden/\(name).base64")
        let text = Data(bytes).base64EncodedString(options: [.lineLength76Characters, .endLineWithLineFeed])
        if ProcessInfo.processInfo.environment["WRITE_GOLDEN"] != nil {
            try Data((text + "\n").utf8).write(to: file)
        }
        #expect(try String(contentsOf: file, encoding: .utf8) == text + "\n")
    }

    @Test func `a span with everything in it`() throws {
        let context = TraceContext(
            traceID: trace, spanID: SpanID(0x1111_2222_3333_4444), flags: .sampled,
            state: TraceState(parsing: ["vendor=1,other=2"]))
        let linked = TraceContext(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: [], isRemote: true)
        var dropped = SpanRecord.Drops()
        (dropped.attributes, dropped.events, dropped.links) = (1, 2, 3)
        let full = SpanRecord(
            context: context, parent: SpanID(0xFFFF_0000_0000_0001), isParentRemote: true, kind: .client,
            name: "chat gpt-4o", start: clock.wallTime(),
            end: WallTime(nanosecondsSince1970: clock.wallTime().nanosecondsSince1970 + 1_500_000_000),
            attributes: [
                SpanRecord.Attribute("gen_ai.operation.name", "chat"),
                SpanRecord.Attribute("empty", .string("")), SpanRecord.Attribute("zero", .int(0)),
                SpanRecord.Attribute("negative", .int(-5)), SpanRecord.Attribute("false", .bool(false)),
                SpanRecord.Attribute("true", .bool(true)), SpanRecord.Attribute("double", .double(-0.25)),
                SpanRecord.Attribute("strings", .strings(["a", "", "日本語"])),
                SpanRecord.Attribute("bools", .bools([true, false])),
                SpanRecord.Attribute("ints", .ints([.min, 0, .max])),
                SpanRecord.Attribute("doubles", .doubles([0, .infinity])),
                SpanRecord.Attribute("none", .strings([])),
                SpanRecord.Attribute("long", .string(String(repeating: "é", count: 200))),
            ],
            events: [
                SpanRecord.Event(
                    "first chunk", at: clock.wallTime(), attributes: [SpanRecord.Attribute("n", 1)],
                    attributesDropped: 4)
            ],
            links: [
                SpanRecord.Link(linked, attributes: [SpanRecord.Attribute("l", "m")], attributesDropped: 5)
            ],
            dropped: dropped, status: .error("upstream said no"),
            scope: InstrumentationScope(name: "app", version: "2.1"))
        let plain = SpanRecord.sample("plain")
        try expect(TraceRequest.encode([plain, full, plain], from: resource), in: "traces")
    }

    @Test func `log records of both kinds and every level`() throws {
        let queue = LogExportQueue()
        let pipe = TestPipe()
        let writer = LogWriter(descriptor: pipe.writer, level: .trace, exports: queue)
        let logger = Logger(writer: writer, time: clock)
        for level in LogLevel.allCases { logger.log(level, .sample) }
        let span = TraceContext(traceID: trace, spanID: SpanID(0x1111_2222_3333_4444), flags: .sampled)
        logger.log(.info, .sample, requestID: "r-1", trace: span) { fields in
            fields.string("quoted", "a \"b\" \\ \n é")
            fields.string("secret", Secret("never seen"))
            fields.string("header", "Bearer abcdef.ghi")
            fields.int("int", -7)
            fields.double("double", 0.5)
            fields.double("nan", .nan)
            fields.bool("yes", true)
            fields.milliseconds("ms", .microseconds(1_500))
            fields.array("attempts", [1, 2]) { number, fields in
                fields.string("provider", "p\(number)")
                fields.int("status", 500 + number)
            }
        }
        writer.write(at: clock.wallTime(), .warning, isEvent: false) { line in
            line.beginLine(clock.wallTime(), .warning, message: "A sentence, from a library.")
            line.string("label", "app")
            line.string("trace_id", "no trace's name")
        }
        #expect(writer.shutdown(within: .seconds(60)))
        let batch = try #require(queue.next())
        try expect(LogRequest.encode(batch, from: resource), in: "logs")
    }

    @Test(arguments: [
        ("metrics-explicit", MetricRequest.Histograms.explicit), ("metrics-exponential", .exponential),
    ])
    func `metrics of every kind`(name: String, histograms: MetricRequest.Histograms) throws {
        let registry = MetricRegistry(time: clock)
        let exemplar = Exemplar(
            traceIDHigh: trace.high, traceIDLow: trace.low, spanID: 0x1111_2222_3333_4444,
            time: clock.wallTime())
        let counter = registry.counter(
            MetricDefinition("things_total", .counter, labels: ["kind", "way"], help: "Things."))
        counter.series("a", "").increment(by: 3 as UInt64, exemplar: exemplar)
        counter.series("b", "x\"\\\n").increment(by: 0 as UInt64)
        let money = registry.floatingCounter(MetricDefinition("cost_total", .counter, help: "Money."))
        money.series().increment(by: 0.25)
        let gauge = registry.gauge(
            MetricDefinition("headroom_ratio", .gauge, unit: .ratio, help: "What is left."))
        gauge.series().set(-0.5)
        registry.info(MetricDefinition("build_info", .info, labels: ["version"], help: "The build."), "1.2.3")
        let state = registry.stateset(
            MetricDefinition("door_state", .stateset, labels: ["door", "state"], help: "The door."),
            of: Door.self)
        state.series("front").enter(.open)
        let histogram = registry.histogram(
            MetricDefinition(
                "wait_seconds", .histogram, unit: .seconds, labels: ["route"], help: "Waiting.",
                buckets: [0.1, 1, 10]))
        let series = histogram.series("r")
        for value in [0, 0.05, 0.1, 0.5, 3, 3.5, 100] { series.observe(value) }
        series.observe(0.75, exemplar: exemplar)
        _ = histogram.series("empty")
        registry.counter(Catalogue.exported[.traces])
            .series("otlp_http_span_exporter/0", "otlp_http_span_exporter", "h", "4318", "503").increment()
        clock.advance(by: .seconds(60))
        let whole = registry.snapshot()
        // Without the registry's own, which are not this test's business.
        let own = whole.families.filter { !$0.definition.name.hasPrefix("signalbox_") }
        let snapshot = MetricSnapshot(time: whole.time, families: own)
        let requests = MetricRequest.encode(snapshot, histograms, from: resource)
        #expect(requests.count == 1)
        try expect(requests[0].body, in: name)
    }

    @Test func `metrics that make one request too large go in several`() {
        let registry = MetricRegistry(limits: MetricLimits(seriesMax: 100_000), time: clock)
        for metric in 0..<8 {
            let family = registry.gauge(
                MetricDefinition("m\(metric)", .gauge, labels: ["l"], help: "Large."))
            for number in 0..<8_000 { family.series(String(repeating: "x", count: 200) + "\(number)").set(1) }
        }
        let requests = MetricRequest.encode(registry.snapshot(), .explicit, from: resource)
        #expect(requests.count > 2)
        #expect(requests.allSatisfy { $0.body.count < 5 << 20 })
        #expect(requests.reduce(0) { $0 + $1.points } >= 64_000)
    }

    @Test func `nothing to tell makes no request`() {
        let empty = MetricSnapshot(time: clock.wallTime(), families: [])
        #expect(MetricRequest.encode(empty, .explicit, from: resource).isEmpty)
    }

    @Test func `a process names itself differently each time`() {
        var random = FastRandom(seed: 3)
        let first = ExportResource.randomInstance(using: &random)
        #expect(first != ExportResource.randomInstance(using: &random))
        #expect(
            first.wholeMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/) != nil
        )
    }
}
