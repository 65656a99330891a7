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
        exported.metrics: ("otel.sdk.exporter.metric_data_point.exported", "{data_point}"),
        exported.traces: ("otel.sdk.exporter.span.exported", "{span}"),
        exported.logs: ("otel.sdk.exporter.log.exported", "{log_record}"),
        inflight.metrics: ("otel.sdk.exporter.metric_data_point.inflight", "{data_point}"),
        inflight.traces: ("otel.sdk.exporter.span.inflight", "{span}"),
        inflight.logs: ("otel.sdk.exporter.log.inflight", "{log_record}"),
        operationDuration: ("otel.sdk.exporter.operation.duration", "s"),
        collectionDuration: ("otel.sdk.metric_reader.collection.duration", "s"),
        spanQueueSize: ("otel.sdk.processor.span.queue.size", "{span}"),
        spanQueueCapacity: ("otel.sdk.processor.span.queue.capacity", "{span}"),
        spansProcessed: ("otel.sdk.processor.span.processed", "{span}"),
        logQueueSize: ("otel.sdk.processor.log.queue.size", "{log_record}"),
        logQueueCapacity: ("otel.sdk.processor.log.queue.capacity", "{log_record}"),
        logsProcessed: ("otel.sdk.processor.log.processed", "{log_record}"),
        genAIOperationDuration: ("gen_ai.client.operation.duration", "s"),
        genAITokenUsage: ("gen_ai.client.token.usage", "{token}"),
        genAITimeToFirstChunk: ("gen_ai.client.operation.time_to_first_chunk", "s"),
        genAITimePerOutputChunk: ("gen_ai.client.operation.time_per_output_chunk", "s"),
        genAIInferenceDuration: ("gen_ai.client.inference.duration", "s"),
        genAIInferenceTimeToFirstChunk: ("gen_ai.client.inference.time_to_first_chunk", "s"),
        genAIInferenceTimePerOutputChunk: ("gen_ai.client.inference.time_per_output_chunk", "s"),
        genAIInferenceInputTokens: ("gen_ai.client.inference.operation.input_tokens", "{token}"),
        genAIInferenceOutputTokens: ("gen_ai.client.inference.operation.output_tokens", "{token}"),
        genAIUsageInputTokens: ("gen_ai.client.inference.usage.input_tokens", "{token}"),
        genAIUsageOutputTokens: ("gen_ai.client.inference.usage.output_tokens", "{token}"),
        genAIUsageCacheReadTokens: ("gen_ai.client.inference.usage.cache_read.input_tokens", "{token}"),
        genAIUsageCacheWriteTokens: ("gen_ai.client.inference.usage.cache_write.input_tokens", "{token}"),
        genAIUsageReasoningTokens: ("gen_ai.client.inference.usage.reasoning.output_tokens", "{token}"),
    ].reduce(into: [:]) { names, entry in
        names[entry.key.name] = ConventionName(name: entry.value.0, unit: entry.value.1)
    }

    /// The attributes that those metrics have, by their label.
    static let conventionAttributes: [String: String] = [
        "error_type": "error.type",
        "gen_ai_operation_name": "gen_ai.operation.name",
        "gen_ai_provider_name": "gen_ai.provider.name",
        "gen_ai_request_model": "gen_ai.request.model",
        "gen_ai_response_model": "gen_ai.response.model",
        "gen_ai_token_modality": "gen_ai.token.modality",
        "gen_ai_token_type": "gen_ai.token.type",
        "http_response_status_code": "http.response.status_code",
        "otel_component_name": "otel.component.name",
        "otel_component_type": "otel.component.type",
        "server_address": "server.address",
        "server_port": "server.port",
    ]

    /// Attributes whose values are whole numbers.
    static let numericAttributes: Set<String> = ["http.response.status_code", "server.port"]
}
