/// Metrics that OpenTelemetry's conventions define go out over OTLP under their own names, with their own
/// units and attributes; all others under the names that they have here.
extension Catalogue {
    /// What a metric is called over OTLP.
    struct ConventionName: Sendable {
        let name: String
        /// In UCUM.
        let unit: String
    }

    static let conventionNames: [String: ConventionName] = [
        "otel_sdk_exporter_metric_data_point_exported_total":
            ConventionName(name: "otel.sdk.exporter.metric_data_point.exported", unit: "{data_point}"),
        "otel_sdk_exporter_span_exported_total":
            ConventionName(name: "otel.sdk.exporter.span.exported", unit: "{span}"),
        "otel_sdk_exporter_log_exported_total":
            ConventionName(name: "otel.sdk.exporter.log.exported", unit: "{log_record}"),
        "otel_sdk_exporter_metric_data_point_inflight":
            ConventionName(name: "otel.sdk.exporter.metric_data_point.inflight", unit: "{data_point}"),
        "otel_sdk_exporter_span_inflight":
            ConventionName(name: "otel.sdk.exporter.span.inflight", unit: "{span}"),
        "otel_sdk_exporter_log_inflight":
            ConventionName(name: "otel.sdk.exporter.log.inflight", unit: "{log_record}"),
        "otel_sdk_exporter_operation_duration_seconds":
            ConventionName(name: "otel.sdk.exporter.operation.duration", unit: "s"),
        "otel_sdk_metric_reader_collection_duration_seconds":
            ConventionName(name: "otel.sdk.metric_reader.collection.duration", unit: "s"),
        "otel_sdk_processor_span_queue_size":
            ConventionName(name: "otel.sdk.processor.span.queue.size", unit: "{span}"),
        "otel_sdk_processor_span_queue_capacity":
            ConventionName(name: "otel.sdk.processor.span.queue.capacity", unit: "{span}"),
        "otel_sdk_processor_span_processed_total":
            ConventionName(name: "otel.sdk.processor.span.processed", unit: "{span}"),
        "otel_sdk_processor_log_queue_size":
            ConventionName(name: "otel.sdk.processor.log.queue.size", unit: "{log_record}"),
        "otel_sdk_processor_log_queue_capacity":
            ConventionName(name: "otel.sdk.processor.log.queue.capacity", unit: "{log_record}"),
        "otel_sdk_processor_log_processed_total":
            ConventionName(name: "otel.sdk.processor.log.processed", unit: "{log_record}"),
    ]

    /// The attributes that those metrics have, by their label.
    static let conventionAttributes: [String: String] = [
        "error_type": "error.type",
        "http_response_status_code": "http.response.status_code",
        "otel_component_name": "otel.component.name",
        "otel_component_type": "otel.component.type",
        "server_address": "server.address",
        "server_port": "server.port",
    ]

    /// Attributes whose values are whole numbers.
    static let numericAttributes: Set<String> = ["http.response.status_code", "server.port"]
}
