import SignalboxCore
public import SignalboxTelemetry

/// Where a client's request stands in a trace: its own span, and what that one hangs on.
///
/// Every request has one, so that its log lines name a trace. Made by ``Router/trace(under:origin:on:)``.
public struct RequestTrace: Sendable {
    /// What the request's own span is called.
    public enum Origin: Sendable {
        /// It came over HTTP, on a path of a closed list.
        case http(method: String, path: String, route: String)
        /// A program that embeds the router asked by itself.
        case program
    }

    /// The request's own span; its children are the attempts.
    public let context: TraceContext
    let origin: Origin
    let parent: SpanID?
    let isParentRemote: Bool
    /// Whether a span is made of it.
    let isRecorded: Bool
    /// Whether providers are told.
    let isPropagated: Bool
    /// What a monotonic instant lacks to be civil time; 0 where nothing is recorded.
    let civilOffset: Int64

    /// What metrics keep of a recorded trace.
    /// - Parameter span: the one that was measured.
    func exemplar(of span: SpanID, at end: Instant) -> Exemplar? {
        guard isRecorded else { return nil }
        return Exemplar(
            traceIDHigh: context.traceID.high, traceIDLow: context.traceID.low, spanID: span.bits,
            time: civil(end))
    }
}
