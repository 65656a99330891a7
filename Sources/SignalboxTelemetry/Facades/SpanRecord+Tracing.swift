import SignalboxCore
import Tracing

/// What swift-distributed-tracing calls a thing, in our words: bounded, and credentials masked.
extension SpanRecord.Kind {
    init(_ kind: Tracing.SpanKind) {
        switch kind {
        case .internal: self = .internal
        case .server: self = .server
        case .client: self = .client
        case .producer: self = .producer
        case .consumer: self = .consumer
        }
    }
}

extension SpanRecord.Status {
    init(_ status: Tracing.SpanStatus, _ limits: SpanLimits) {
        switch status.code {
        case .ok: self = .ok
        case .error: self = .error((status.message ?? "").recordable(limits))
        }
    }
}

extension SpanRecord.Event {
    init(_ event: Tracing.SpanEvent, _ limits: SpanLimits) {
        let (attributes, dropped) = event.attributes.records(max: limits.nestedAttributesMax, limits)
        self.init(
            event.name.capped(bytesMax: SpanLimits.nameBytesMax),
            at: WallTime(nanosecondsSince1970: Int64(clamping: event.nanosecondsSinceEpoch)),
            attributes: attributes, attributesDropped: dropped)
    }
}

extension SpanRecord.Link {
    init(_ context: TraceContext, _ attributes: Tracing.SpanAttributes, _ limits: SpanLimits) {
        let (attributes, dropped) = attributes.records(max: limits.nestedAttributesMax, limits)
        self.init(context, attributes: attributes, attributesDropped: dropped)
    }
}

extension Tracing.SpanAttributes {
    /// By key, so that the same attributes always make the same list; and how many were left out.
    func records(max: Int, _ limits: SpanLimits) -> (kept: [SpanRecord.Attribute], dropped: Int) {
        var all: [(key: String, value: Tracing.SpanAttribute)] = []
        forEach { all.append(($0, $1)) }
        all.sort { $0.key < $1.key }
        var kept: [SpanRecord.Attribute] = []
        var known: Set<String> = []
        for (key, value) in all where kept.count < max {
            let name = key.capped(bytesMax: SpanLimits.nameBytesMax)
            guard !name.isEmpty, known.insert(name).inserted else { continue }
            let value =
                Redaction.hidesField(named: key)
                ? .string("\(Redaction.mask)") : AttributeValue(value, limits)
            if let value { kept.append(SpanRecord.Attribute(name, value)) }
        }
        return (kept, all.count - kept.count)
    }

    /// `max` of them: those whose keys `old` has, then others by key.
    func keeping(
        _ max: Int, preferring old: Tracing.SpanAttributes
    ) -> (kept: Tracing.SpanAttributes, dropped: Int) {
        var all: [(isNew: Bool, key: String, value: Tracing.SpanAttribute)] = []
        forEach { all.append((old.get($0) == nil, $0, $1)) }
        all.sort { ($0.isNew ? 1 : 0, $0.key) < ($1.isNew ? 1 : 0, $1.key) }
        var kept = Tracing.SpanAttributes()
        for one in all.prefix(max) { kept.set(one.key, value: one.value) }
        return (kept, all.count - kept.count)
    }
}

extension AttributeValue {
    /// Nil for what is no value.
    fileprivate init?(_ value: Tracing.SpanAttribute, _ limits: SpanLimits) {
        switch value {
        case .int32(let value): self = .int(Int64(value))
        case .int64(let value): self = .int(value)
        case .int32Array(let values): self = .ints(values.prefix(limits.elementsMax).map { Int64($0) })
        case .int64Array(let values): self = .ints(Array(values.prefix(limits.elementsMax)))
        case .double(let value): self = .double(value)
        case .doubleArray(let values): self = .doubles(Array(values.prefix(limits.elementsMax)))
        case .bool(let value): self = .bool(value)
        case .boolArray(let values): self = .bools(Array(values.prefix(limits.elementsMax)))
        case .string(let text): self = .string(text.recordable(limits))
        case .stringArray(let texts): self = .strings(texts, limits)
        case .stringConvertible(let value): self = .string("\(value)".recordable(limits))
        case .stringConvertibleArray(let values):
            self = .strings(values.prefix(limits.elementsMax).map { "\($0)" }, limits)
        default: return nil
        }
    }

    /// As many as fit in the bytes of one value.
    private static func strings(_ texts: [String], _ limits: SpanLimits) -> AttributeValue {
        var kept: [String] = []
        var room = limits.valueBytesMax
        for text in texts.prefix(limits.elementsMax) where room > 0 {
            let text = text.recordable(limits)
            room -= text.utf8.count
            kept.append(text)
        }
        return .strings(kept)
    }
}

extension String {
    /// Capped, its credentials masked.
    fileprivate func recordable(_ limits: SpanLimits) -> String {
        Redaction.masked(capped(bytesMax: limits.valueBytesMax))
    }
}
