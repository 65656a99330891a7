/// Takes finished spans, such as an exporter does.
///
/// It is called on the thread that ended the span, often an event loop's: it must neither block nor do I/O. A
/// ``SpanQueue`` is made for that.
public protocol SpanSink: Sendable {
    func take(_ span: SpanRecord)
}
