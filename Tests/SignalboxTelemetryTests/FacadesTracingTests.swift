import Logging
import SignalboxCore
import SignalboxTesting
import Testing
import Tracing

@testable import SignalboxTelemetry

private struct Dictionary: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) {
        carrier[key] = value
    }

    func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
}

@Suite struct FacadesTracingTests {
    let spans = CollectedSpans()

    private func tracer(ratio: Double = 1, limits: SpanLimits = SpanLimits()) -> SignalboxTracer {
        SignalboxTracer(
            sink: spans, scope: "shop", version: "1.2", sampler: TraceSampler(ratio: ratio), limits: limits)
    }

    private struct Broken: Error, CustomStringConvertible {
        let description = "no luck with sk-verysecret"
    }

    @Test func `spans within each other share a trace and name their parents`() throws {
        let tracer = tracer()
        tracer.withSpan("order", ofKind: .server) { _ in
            tracer.withSpan("pay", ofKind: .client) { $0.attributes["items"] = 3 }
        }
        let (pay, order) = try (#require(spans.all.first), #require(spans.all.last))
        #expect(pay.name == "pay" && order.name == "order")
        #expect(pay.context.traceID == order.context.traceID && order.context.traceID.isValid)
        #expect(pay.parent == order.context.spanID && order.parent == nil)
        #expect(pay.kind == .client && order.kind == .server)
        #expect(pay.attributes == [SpanRecord.Attribute("items", 3)])
        #expect(pay.scope == InstrumentationScope(name: "shop", version: "1.2"))
        #expect(order.start <= pay.start && pay.end <= order.end)
    }

    @Test func `what goes out in headers comes in again`() throws {
        let tracer = tracer()
        var headers = ["traceparent": TraceContextTests.good, "tracestate": "foo=1,bar=2"]
        var context = ServiceContext.topLevel
        tracer.extract(headers, into: &context, using: Dictionary())
        let span = tracer.startSpan("work", context: context)
        headers = [:]
        tracer.inject(span.context, into: &headers, using: Dictionary())
        span.end()
        let record = try #require(spans.all.first)
        #expect(record.parent == SpanID(0xB7AD_6B71_6920_3331) && record.isParentRemote)
        #expect(headers["traceparent"] == record.context.traceparent)
        #expect(
            headers["traceparent"]?.dropFirst(3).prefix(32) == TraceContextTests.good.dropFirst(3).prefix(32))
        #expect(headers["tracestate"] == "foo=1,bar=2")
    }

    @Test func `malformed headers begin a new trace, and nothing is sent where there is none`() {
        let tracer = tracer()
        var context = ServiceContext.topLevel
        tracer.extract(["traceparent": "00-xyz"], into: &context, using: Dictionary())
        #expect(context.traceContext == nil)
        var headers: [String: String] = [:]
        tracer.inject(context, into: &headers, using: Dictionary())
        #expect(headers.isEmpty)
    }

    @Test func `a trace that is not recorded goes on without spans`() throws {
        let tracer = tracer(ratio: 0)
        var headers: [String: String] = [:]
        tracer.withSpan("order") { span in
            #expect(!span.isRecording)
            span.attributes["ignored"] = 1
            span.addEvent("ignored")
            span.recordError(Broken())
            tracer.inject(span.context, into: &headers, using: Dictionary())
        }
        #expect(spans.all.isEmpty)
        #expect(try #require(headers["traceparent"]).hasSuffix("-00"))
    }

    @Test func `errors, events, links and the status are recorded, credentials masked`() throws {
        let tracer = tracer()
        let other = tracer.startSpan("other")
        let span = tracer.startSpan("work")
        span.recordError(Broken(), attributes: ["code": 7])
        span.addEvent(SpanEvent(name: "paused", attributes: ["for": 1.5]))
        span.addLink(other, attributes: ["why": "retry"])
        span.addLink(SpanLink(context: .topLevel, attributes: [:]))
        span.attributes["x-api-key"] = "plain"
        span.attributes["note"] = "Bearer abc.def"
        span.setStatus(SpanStatus(code: .error, message: "gsk_abc is bad"))
        span.operationName = "renamed"
        span.end()
        let record = try #require(spans.all.first)
        #expect(record.name == "renamed")
        #expect(record.status == .error("gsk_••• is bad"))
        #expect(record.links.map(\.context.spanID) == [other.context.traceContext?.spanID])
        #expect(record.links[0].attributes == [SpanRecord.Attribute("why", "retry")])
        #expect(record.dropped.links == 1)
        #expect(
            record.attributes == [
                SpanRecord.Attribute("note", "Bearer •••"), SpanRecord.Attribute("x-api-key", "•••"),
            ])
        #expect(record.events.map(\.name) == ["exception", "paused"])
        #expect(record.events[0].attributes.map(\.key) == ["code", "exception.message", "exception.type"])
        #expect(record.events[0].attributes[1].value == "no luck with sk-•••")
        #expect(record.events[1].attributes == [SpanRecord.Attribute("for", .double(1.5))])
    }

    @Test func `what is ok stays ok`() throws {
        let span = tracer().startSpan("work")
        span.setStatus(SpanStatus(code: .ok))
        span.setStatus(SpanStatus(code: .error))
        span.end()
        #expect(try #require(spans.all.first).status == .ok)
    }

    @Test func `a span that ends twice is recorded once, and hears nothing afterwards`() throws {
        let span = tracer().startSpan("work")
        span.end()
        span.attributes["late"] = 1
        span.addEvent("late")
        span.end()
        #expect(!span.isRecording)
        #expect(spans.all.count == 1)
        #expect(try #require(spans.all.first).attributes.isEmpty)
    }

    @Test func `an end before the start is the start`() throws {
        let span = tracer().startSpan("work")
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))
        let record = try #require(spans.all.first)
        #expect(record.start == record.end)
    }

    @Test func `whatever is too much is left out and counted`() throws {
        let limits = SpanLimits(
            attributesMax: 3, eventsMax: 2, linksMax: 1, nestedAttributesMax: 1, valueBytesMax: 64)
        let tracer = tracer(limits: limits)
        let span = tracer.startSpan(String(repeating: "n", count: 10_000))
        span.attributes["first"] = 1
        let text = String(repeating: "x", count: 999)
        for number in 0..<1_000 { span.attributes["a\(number)"] = text }
        for _ in 0..<5 { span.addEvent(SpanEvent(name: "e", attributes: ["one": 1, "two": 2])) }
        for _ in 0..<5 { span.addLink(span) }
        span.end()
        let record = try #require(spans.all.first)
        #expect(record.name.utf8.count == SpanLimits.nameBytesMax)
        #expect(record.attributes.map(\.key) == ["a0", "a1", "first"])
        #expect(record.attributes[0].value == .string(String(repeating: "x", count: 61) + "…"))
        #expect(record.dropped.attributes == 998)
        #expect(record.events.count == 2 && record.dropped.events == 3)
        #expect(record.events[0].attributes.count == 1 && record.events[0].attributesDropped == 1)
        #expect(record.links.count == 1 && record.dropped.links == 4)
    }

    @Test func `every type of attribute has its value`() throws {
        let span = tracer().startSpan("work")
        span.attributes = [
            "a": .int32(1), "b": .int64Array([2, 3]), "c": .double(0.5), "d": .doubleArray([1]),
            "e": .bool(true),
            "f": .boolArray([false]), "g": .stringArray(["x", "y"]), "h": .stringConvertible(7),
            "i": .stringConvertibleArray([8, 9]), "j": .int32Array([4]),
            "k": .__DO_NOT_SWITCH_EXHAUSTIVELY_OVER_THIS_ENUM_USE_DEFAULT_INSTEAD,
        ]
        span.end()
        let record = try #require(spans.all.first)
        #expect(
            record.attributes.map(\.value) == [
                .int(1), .ints([2, 3]), .double(0.5), .doubles([1]), .bool(true), .bools([false]),
                .strings(["x", "y"]), .string("7"), .strings(["8", "9"]), .ints([4]),
            ])
        #expect(record.dropped.attributes == 1)
    }

    @Test func `a line logged within a span can name it`() throws {
        let provider = Logging.Logger.MetadataProvider.activeSpan
        #expect(provider.get().isEmpty)
        tracer().withSpan("order") { span in
            let context = span.context.traceContext
            #expect(provider.get()["trace_id"] == .string(context?.traceID.description ?? ""))
            #expect(provider.get()["span_id"] == .string(context?.spanID.description ?? ""))
        }
    }

    @Test func `many threads may use one span`() async throws {
        let span = tracer().startSpan("work")
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<50 { group.addTask { span.addEvent(SpanEvent(name: "e\(number)")) } }
        }
        span.end()
        #expect(try #require(spans.all.first).events.count == 50)
    }
}
