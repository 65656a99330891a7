import SignalboxConfig
import SignalboxCore
import SignalboxHTTP
import SignalboxTelemetry

/// How a router traces. Settled when configuration loads.
final class RouterTracing: Sendable {
    /// Nil where nobody wants spans.
    let sink: (any SpanSink)?
    let scope = InstrumentationScope(name: "signalbox", version: Build.version)
    private let sampler: TraceSampler
    private let propagation: Configuration.Tracing.Propagation

    init(_ settings: Configuration.Tracing, sink: (any SpanSink)?) {
        self.sink = sink
        sampler = TraceSampler(ratio: settings.sampleRatio)
        propagation = settings.propagation
    }

    /// On `loop`'s thread. Without spans this is a few random numbers; clocks are asked for them alone.
    func begin(
        under parent: TraceContext?, origin: RequestTrace.Origin, on loop: EventLoop, _ time: any TimeSource
    ) -> RequestTrace {
        let spanID = SpanID.random(using: &loop.random)
        var context =
            parent?.child(spanID)
            ?? TraceContext(traceID: .random(using: &loop.random), spanID: spanID)
        var isRecorded = false
        if sink != nil {
            isRecorded = sampler.records(context.traceID, parent: parent)
            context.flags = isRecorded ? .sampled : []
        }
        // What is not recorded need not know where it came from: its copies are cheaper so.
        return RequestTrace(
            context: context, origin: isRecorded ? origin : .program, parent: parent?.spanID,
            isParentRemote: parent?.isRemote ?? false, isRecorded: isRecorded,
            isPropagated: isPropagated(under: parent),
            civilOffset: isRecorded
                ? time.wallTime().nanosecondsSince1970 &- loop.now().nanoseconds : 0)
    }

    func export(_ span: RequestSpan, from start: Instant, to end: Instant) {
        sink?.take(span.record(from: start, to: end, scope: scope))
    }

    private func isPropagated(under parent: TraceContext?) -> Bool {
        switch propagation {
        case .auto: sink != nil || parent != nil
        case .always: true
        case .never: false
        }
    }
}

extension RequestTrace {
    func civil(_ instant: Instant) -> WallTime {
        WallTime(nanosecondsSince1970: instant.nanoseconds &+ civilOffset)
    }
}
