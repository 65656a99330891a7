public import SignalboxCore

/// One finished span, as exporters get it. Every list is within `SpanLimits`.
public struct SpanRecord: Sendable, Hashable {
    /// Its trace, its own id, the flags and the state that its children inherited.
    public var context: TraceContext
    /// Nil for the first span of a trace.
    public var parent: SpanID?
    /// Whether the parent is in another process.
    public var isParentRemote: Bool
    public var kind: Kind
    /// Of low cardinality, such as `chat gpt-4o`.
    public var name: String
    public var start: WallTime
    /// Not before `start`.
    public var end: WallTime
    public var attributes: [Attribute]
    public var events: [Event]
    public var links: [Link]
    /// What did not fit in the limits.
    public var dropped: Drops
    public var status: Status
    public var scope: InstrumentationScope

    public init(
        context: TraceContext, parent: SpanID? = nil, isParentRemote: Bool = false, kind: Kind,
        name: String, start: WallTime, end: WallTime, attributes: [Attribute] = [],
        events: [Event] = [], links: [Link] = [], dropped: Drops = Drops(),
        status: Status = .unset, scope: InstrumentationScope
    ) {
        self.context = context
        self.parent = parent
        self.isParentRemote = isParentRemote
        self.kind = kind
        self.name = name
        self.start = start
        self.end = end
        self.attributes = attributes
        self.events = events
        self.links = links
        self.dropped = dropped
        self.status = status
        self.scope = scope
    }
}

/// The code that made a span: a library's name and version.
public struct InstrumentationScope: Sendable, Hashable {
    public var name: String
    /// Empty where nobody said.
    public var version: String

    public init(name: String, version: String = "") {
        self.name = name
        self.version = version
    }
}
