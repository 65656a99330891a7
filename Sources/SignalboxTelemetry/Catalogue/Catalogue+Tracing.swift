/// Spans on their way to an exporter.
extension Catalogue {
    static let tracing: [MetricDefinition] = [spansDropped, spanQueueLength]

    public static let spansDropped = MetricDefinition(
        "signalbox_spans_dropped_total", .counter, labels: ["destination"],
        help: "Finished spans lost because as many as allowed waited for the exporter.")

    public static let spanQueueLength = MetricDefinition(
        "signalbox_span_queue_length", .gauge, labels: ["destination"],
        help: "Finished spans that wait for the exporter.")
}
