import SignalboxCore
import Synchronization
public import Tracing

/// One span of an embedder. May be used from any thread.
public final class SignalboxSpan: Tracing.Span {
    public let context: InstrumentationContext
    /// Nil where the trace is not recorded, and once the span has ended.
    private let state: Mutex<State?>
    private let lastName: Mutex<String>
    private let parent: TraceContext?
    private let own: TraceContext
    private let kind: SpanRecord.Kind
    private let start: WallTime
    private let tracer: SignalboxTracer

    private struct State {
        var attributes = SpanAttributes()
        var events: [SpanRecord.Event] = []
        var links: [SpanRecord.Link] = []
        var dropped = SpanRecord.Drops()
        var status = SpanRecord.Status.unset
    }

    init(
        _ name: String, context: InstrumentationContext, own: TraceContext, parent: TraceContext?,
        kind: SpanRecord.Kind, start: WallTime, tracer: SignalboxTracer
    ) {
        self.context = context
        self.own = own
        self.parent = parent
        self.kind = kind
        self.start = start
        self.tracer = tracer
        lastName = Mutex(name.capped(bytesMax: SpanLimits.nameBytesMax))
        state = Mutex(own.isSampled ? State() : nil)
    }

    public var isRecording: Bool { state.withLock { $0 != nil } }

    public var operationName: String {
        get { lastName.withLock { $0 } }
        set {
            let name = newValue.capped(bytesMax: SpanLimits.nameBytesMax)
            lastName.withLock { $0 = name }
        }
    }

    /// What exceeds the limit is left out: the keys that were there first stay.
    public var attributes: SpanAttributes {
        get { state.withLock { $0?.attributes ?? SpanAttributes() } }
        set {
            let max = tracer.limits.attributesMax
            state.withLock { state in
                guard state != nil else { return }
                guard newValue.count > max else {
                    state?.attributes = newValue
                    return
                }
                let (kept, dropped) = newValue.keeping(max, preferring: state?.attributes ?? [:])
                state?.attributes = kept
                state?.dropped.attributes += dropped
            }
        }
    }

    public func setStatus(_ status: SpanStatus) {
        let status = SpanRecord.Status(status, tracer.limits)
        state.withLock { state in
            // OpenTelemetry: what somebody called ok is final.
            if state?.status != .ok { state?.status = status }
        }
    }

    public func addEvent(_ event: SpanEvent) {
        guard isRecording else { return }
        add(SpanRecord.Event(event, tracer.limits))
    }

    /// An event named `exception`, as OpenTelemetry's conventions have it.
    public func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        guard isRecording else { return }
        var all: SpanAttributes = [
            "exception.type": .string(String(reflecting: type(of: error))),
            "exception.message": .string("\(error)"),
        ]
        all.merge(attributes)
        add(
            SpanRecord.Event(
                SpanEvent(name: "exception", at: instant(), attributes: all), tracer.limits))
    }

    private func add(_ event: SpanRecord.Event) {
        let max = tracer.limits.eventsMax
        state.withLock { state in
            guard let count = state?.events.count else { return }
            if count < max { state?.events.append(event) } else { state?.dropped.events += 1 }
        }
    }

    /// A context without a span of ours is no target: it is counted as dropped.
    public func addLink(_ link: SpanLink) {
        guard isRecording else { return }
        let target = link.context.traceContext.map { SpanRecord.Link($0, link.attributes, tracer.limits) }
        let max = tracer.limits.linksMax
        state.withLock { state in
            guard let count = state?.links.count else { return }
            if let target, count < max {
                state?.links.append(target)
            } else {
                state?.dropped.links += 1
            }
        }
    }

    /// The first end counts.
    public func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        guard let last = state.withLock({ $0.take() }) else { return }
        let (attributes, uncounted) = last.attributes.records(max: .max, tracer.limits)
        var dropped = last.dropped
        dropped.attributes += uncounted
        tracer.sink.take(
            SpanRecord(
                context: own, parent: parent?.spanID, isParentRemote: parent?.isRemote ?? false, kind: kind,
                name: operationName, start: start, end: max(start, WallTime(instant())),
                attributes: attributes, events: last.events, links: last.links, dropped: dropped,
                status: last.status, scope: tracer.scope))
    }
}
