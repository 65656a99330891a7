/// The export of telemetry itself, under the names of OpenTelemetry's conventions for SDKs (semconv 1.44,
/// "Semantic conventions for OpenTelemetry SDK metrics"), spelled as Prometheus spells them.
extension Catalogue {
    static let export: [MetricDefinition] =
        [operationDuration, collectionDuration, exportRetries]
        + exported.values + inflight.values + [spanQueueSize, spanQueueCapacity, spansProcessed]
        + [logQueueSize, logQueueCapacity, logsProcessed]

    private static let component = ["otel_component_name", "otel_component_type"]
    private static let exporter = component + ["server_address", "server_port"]

    /// One metric for each signal, in what the conventions count it.
    public struct PerSignal: Sendable {
        public let metrics: MetricDefinition
        public let traces: MetricDefinition
        public let logs: MetricDefinition

        var values: [MetricDefinition] { [metrics, traces, logs] }

        public subscript(signal: ExportSignal) -> MetricDefinition {
            switch signal {
            case .metrics: metrics
            case .traces: traces
            case .logs: logs
            }
        }
    }

    public static let exported = PerSignal(
        metrics: MetricDefinition(
            "otel_sdk_exporter_metric_data_point_exported_total", .counter, labels: exporter + ["error_type"],
            help: "Data points whose export has ended; with an error_type, those that did not arrive."),
        traces: MetricDefinition(
            "otel_sdk_exporter_span_exported_total", .counter, labels: exporter + ["error_type"],
            help: "Spans whose export has ended; with an error_type, those that did not arrive."),
        logs: MetricDefinition(
            "otel_sdk_exporter_log_exported_total", .counter, labels: exporter + ["error_type"],
            help: "Log records whose export has ended; with an error_type, those that did not arrive."))

    public static let inflight = PerSignal(
        metrics: MetricDefinition(
            "otel_sdk_exporter_metric_data_point_inflight", .gauge, labels: exporter,
            help: "Data points on their way to the receiver, pauses before retries included."),
        traces: MetricDefinition(
            "otel_sdk_exporter_span_inflight", .gauge, labels: exporter,
            help: "Spans on their way to the receiver, pauses before retries included."),
        logs: MetricDefinition(
            "otel_sdk_exporter_log_inflight", .gauge, labels: exporter,
            help: "Log records on their way to the receiver, pauses before retries included."))

    public static let operationDuration = MetricDefinition(
        "otel_sdk_exporter_operation_duration_seconds", .histogram, unit: .seconds,
        labels: exporter + ["error_type", "http_response_status_code"],
        help: "From a batch's first request to its end, retries and pauses included.", buckets: modelSeconds)

    public static let collectionDuration = MetricDefinition(
        "otel_sdk_metric_reader_collection_duration_seconds", .histogram, unit: .seconds, labels: component,
        help: "Time to read and encode all metrics for an export.", buckets: ownSeconds)

    public static let exportRetries = MetricDefinition(
        "signalbox_otlp_retries_total", .counter, labels: ["signal"],
        help: "Batches of telemetry sent again.")

    public static let spanQueueSize = MetricDefinition(
        "otel_sdk_processor_span_queue_size", .gauge, labels: component,
        help: "Finished spans that wait for export.")

    public static let spanQueueCapacity = MetricDefinition(
        "otel_sdk_processor_span_queue_capacity", .gauge, labels: component,
        help: "Finished spans that may wait for export.")

    public static let spansProcessed = MetricDefinition(
        "otel_sdk_processor_span_processed_total", .counter, labels: component + ["error_type"],
        help: "Spans handed to the exporter; with an error_type, those lost before that.")

    public static let logQueueSize = MetricDefinition(
        "otel_sdk_processor_log_queue_size", .gauge, labels: component,
        help: "Log records that wait for export.")

    public static let logQueueCapacity = MetricDefinition(
        "otel_sdk_processor_log_queue_capacity", .gauge, labels: component,
        help: "Log records that may wait for export.")

    public static let logsProcessed = MetricDefinition(
        "otel_sdk_processor_log_processed_total", .counter, labels: component + ["error_type"],
        help: "Log records handed to the exporter; with an error_type, those lost before that.")
}
