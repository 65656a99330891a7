import SignalboxCore
import Synchronization
public import Tracing

/// Sends the spans that a program makes through swift-distributed-tracing to a `SpanSink`, beside Signalbox'
/// own.
///
///     InstrumentationSystem.bootstrap(SignalboxTracer(sink: exporter, scope: "shop"))
///
/// Contexts travel as W3C `traceparent` and `tracestate`. Nothing here traps or waits: what is too much for
/// ``SpanLimits`` is left out and counted in the span, and a span that ends twice ends once.
public struct SignalboxTracer: Tracer {
    public let sampler: TraceSampler
    public let limits: SpanLimits
    let sink: any SpanSink
    let scope: InstrumentationScope
    private let random = SharedRandom()

    /// - Parameters:
    ///   - scope: the name of the program or library whose spans these are.
    ///   - sampler: which traces that begin here are recorded.
    public init(
        sink: any SpanSink, scope: String, version: String = "", sampler: TraceSampler = TraceSampler(),
        limits: SpanLimits = SpanLimits()
    ) {
        self.sink = sink
        self.scope = InstrumentationScope(name: scope, version: version)
        self.sampler = sampler
        self.limits = limits
    }

    public func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> SignalboxSpan {
        var context = context()
        let parent = context.traceContext
        let own = random.next(under: parent, sampler)
        context.traceContext = own
        return SignalboxSpan(
            operationName, context: context, own: own, parent: parent, kind: SpanRecord.Kind(kind),
            start: WallTime(instant()), tracer: self)
    }

    @available(*, deprecated)
    public func forceFlush() {}

    public func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let parent = extractor.extract(key: "traceparent", from: carrier) else { return }
        let state = extractor.extract(key: "tracestate", from: carrier)
        if let found = TraceContext(traceparent: parent, tracestate: state.map { [$0] } ?? []) {
            context.traceContext = found
        }
    }

    public func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let own = context.traceContext else { return }
        injector.inject(own.traceparent, forKey: "traceparent", into: &carrier)
        if let state = own.state { injector.inject(state.text, forKey: "tracestate", into: &carrier) }
    }
}

extension InstrumentationContext {
    private enum Key: InstrumentationContextKey {
        typealias Value = TraceContext
        static let nameOverride: String? = "signalbox-trace"
    }

    /// The span that is active here, such as `ServiceContext.current?.traceContext`: what a ``Router`` takes
    /// as the parent of its own spans.
    public var traceContext: TraceContext? {
        get { self[Key.self] }
        set { self[Key.self] = newValue }
    }
}

extension WallTime {
    init(_ instant: some TracerInstant) {
        self.init(nanosecondsSince1970: Int64(clamping: instant.nanosecondsSinceEpoch))
    }
}

/// New ids, from any thread.
private final class SharedRandom: Sendable {
    private let random = Mutex(FastRandom())

    func next(under parent: TraceContext?, _ sampler: TraceSampler) -> TraceContext {
        random.withLock { random in
            let spanID = SpanID.random(using: &random)
            if let parent { return parent.child(spanID) }
            let traceID = TraceID.random(using: &random)
            let isRecorded = sampler.records(traceID, parent: nil)
            return TraceContext(traceID: traceID, spanID: spanID, flags: isRecorded ? .sampled : [])
        }
    }
}
