/// A place in a trace: what travels in `traceparent` and `tracestate`.
public struct TraceContext: Sendable, Hashable {
    public var traceID: TraceID
    public var spanID: SpanID
    public var flags: TraceFlags
    /// What other tracing systems on the way want to find again; nil where there is nothing.
    public var state: TraceState?
    /// Whether it came from another process.
    public var isRemote: Bool

    public init(
        traceID: TraceID, spanID: SpanID, flags: TraceFlags = [], state: TraceState? = nil,
        isRemote: Bool = false
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.flags = flags
        self.state = state
        self.isRemote = isRemote
    }

    public var isSampled: Bool { flags.contains(.sampled) }

    /// The same trace at another span, in this process.
    public func child(_ spanID: SpanID) -> TraceContext {
        TraceContext(traceID: traceID, spanID: spanID, flags: flags, state: state)
    }
}

/// The flags of W3C Trace Context, of which the recommendation (level 1) defines one.
public struct TraceFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The caller may have recorded its span.
    public static let sampled = TraceFlags(rawValue: 1)
}
