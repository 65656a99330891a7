public import Logging
import Tracing

extension Logging.Logger.MetadataProvider {
    /// `trace_id` and `span_id` of the span that is active where the line is logged; nothing where there is
    /// none.
    ///
    ///     LoggingSystem.bootstrap({ label, provider in
    ///         SignalboxLogHandler(label: label, writer: writer, metadataProvider: provider)
    ///     }, metadataProvider: .activeSpan)
    public static let activeSpan = Logging.Logger.MetadataProvider {
        guard let context = InstrumentationContext.current?.traceContext else { return [:] }
        return ["trace_id": "\(context.traceID)", "span_id": "\(context.spanID)"]
    }
}
