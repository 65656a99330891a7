import SignalboxCore
import Synchronization
import Testing

@testable import SignalboxTelemetry

@Suite struct SpanQueueTests {
    let registry = MetricRegistry()

    @Test func `spans leave in the order in which they came`() {
        let queue = SpanQueue(destination: "test", registry: registry)
        for name in ["a", "b", "c"] { queue.take(.sample(name)) }
        #expect(queue.next(upTo: 2).map(\.name) == ["a", "b"])
        #expect(queue.next(upTo: 2).map(\.name) == ["c"])
        #expect(queue.next(upTo: 2).isEmpty)
    }

    @Test func `a full queue drops what comes and counts it`() {
        let queue = SpanQueue(destination: "test", capacity: 2, registry: registry)
        for name in ["a", "b", "c", "d"] { queue.take(.sample(name)) }
        #expect(queue.next(upTo: 10).map(\.name) == ["a", "b"])
        #expect(registry.counter(Catalogue.spansDropped).series("test").value == 2)
        queue.take(.sample("e"))
        #expect(queue.next(upTo: 10).map(\.name) == ["e"])
    }

    @Test func `the consumer is woken once a batch has come together`() {
        let wakes = Atomic(0)
        let queue = SpanQueue(destination: "test", batchMin: 3, registry: registry) {
            wakes.add(1, ordering: .relaxed)
        }
        for name in ["a", "b"] { queue.take(.sample(name)) }
        #expect(wakes.load(ordering: .relaxed) == 0)
        for name in ["c", "d"] { queue.take(.sample(name)) }
        #expect(wakes.load(ordering: .relaxed) == 1)
        #expect(queue.next(upTo: 10).count == 4)
        for name in ["e", "f", "g"] { queue.take(.sample(name)) }
        #expect(wakes.load(ordering: .relaxed) == 2)
    }

    @Test func `a closed queue takes nothing more and gives what it has`() {
        let queue = SpanQueue(destination: "test", registry: registry)
        queue.take(.sample("a"))
        queue.close()
        queue.take(.sample("b"))
        #expect(queue.next(upTo: 10).map(\.name) == ["a"])
        #expect(registry.counter(Catalogue.spansDropped).series("test").value == 1)
    }

    @Test func `a scrape sees how many wait`() throws {
        let queue = SpanQueue(destination: "test", registry: registry)
        queue.take(.sample("a"))
        let seen = try Exposition(of: registry).value("signalbox_span_queue_length", ["destination": "test"])
        #expect(seen == "1")
        withExtendedLifetime(queue) {}
    }
}

extension SpanRecord {
    static func sample(_ name: String) -> SpanRecord {
        SpanRecord(
            context: TraceContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), flags: .sampled),
            kind: .internal, name: name, start: WallTime(nanosecondsSince1970: 1),
            end: WallTime(nanosecondsSince1970: 2), scope: InstrumentationScope(name: "test"))
    }
}
