/// Writes `ExportTraceServiceRequest` (opentelemetry-proto 1.11, `trace/v1/trace.proto`).
public enum TraceRequest {
    /// Spans of one scope stand together, scopes in the order of their first span.
    public static func encode(_ spans: some Collection<SpanRecord>, from resource: ExportResource) -> [UInt8]
    {
        var scopes: [InstrumentationScope] = []
        for span in spans where !scopes.contains(span.scope) { scopes.append(span.scope) }
        return ExportEnvelope(resource: resource).encode { envelope in
            for scope in scopes {
                envelope.message(2) { group in
                    group.scope(1, scope)
                    for span in spans where span.scope == scope { group.message(2) { $0.span(span) } }
                }
            }
        }
    }
}

extension ProtobufWriter {
    fileprivate mutating func span(_ span: SpanRecord) {
        traceID(1, span.context.traceID)
        spanID(2, span.context.spanID)
        text(3, span.context.state?.text ?? "")
        if let parent = span.parent { spanID(4, parent) }
        text(5, span.name)
        uint(6, span.kind.number)
        time(7, span.start)
        time(8, span.end)
        attributes(9, span.attributes)
        count(10, span.dropped.attributes)
        for event in span.events { message(11) { $0.event(event) } }
        count(12, span.dropped.events)
        for link in span.links { message(13) { $0.link(link) } }
        count(14, span.dropped.links)
        status(span.status)
        fixed32(16, Self.flags(span.context.flags, isRemote: span.isParentRemote))
    }

    private mutating func event(_ event: SpanRecord.Event) {
        time(1, event.time)
        text(2, event.name)
        attributes(3, event.attributes)
        count(4, event.attributesDropped)
    }

    private mutating func link(_ link: SpanRecord.Link) {
        traceID(1, link.context.traceID)
        spanID(2, link.context.spanID)
        text(3, link.context.state?.text ?? "")
        attributes(4, link.attributes)
        count(5, link.attributesDropped)
        fixed32(6, Self.flags(link.context.flags, isRemote: link.context.isRemote))
    }

    private mutating func status(_ status: SpanRecord.Status) {
        switch status {
        case .unset: return
        case .ok: message(15) { $0.uint(3, 1) }
        case .error(let text):
            message(15) { message in
                message.text(2, text)
                message.uint(3, 2)
            }
        }
    }

    /// W3C's flags in the lowest byte; above it, that it is known whether the context came from another
    /// process, and whether it did.
    private static func flags(_ flags: TraceFlags, isRemote: Bool) -> UInt32 {
        UInt32(flags.rawValue) | 0x100 | (isRemote ? 0x200 : 0)
    }
}

extension SpanRecord.Kind {
    fileprivate var number: UInt64 {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
