public import SignalboxTelemetry
import Synchronization

/// Keeps every span that it is given, in the order in which they ended.
public final class CollectedSpans: SpanSink {
    private let spans = Mutex<[SpanRecord]>([])

    public init() {}

    public var all: [SpanRecord] { spans.withLock { $0 } }

    public func take(_ span: SpanRecord) {
        spans.withLock { $0.append(span) }
    }
}

extension SpanRecord {
    /// The value of an attribute; nil where it is absent.
    public subscript(key: String) -> AttributeValue? {
        attributes.first { $0.key == key }?.value
    }
}
