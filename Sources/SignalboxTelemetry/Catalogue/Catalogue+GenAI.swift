/// OpenTelemetry's GenAI conventions, in the form in which Prometheus has their names: v1.41, and those of
/// the version that is not released yet (2026-09), of which a configuration chooses one.
///
/// All are of Development stability there. Buckets are the conventions' own.
extension Catalogue {
    static let genAI: [MetricDefinition] = [
        genAIOperationDuration, genAITokenUsage, genAITimeToFirstChunk, genAITimePerOutputChunk,
    ]

    static let genAILatest: [MetricDefinition] = [
        genAIInferenceDuration, genAIInferenceTimeToFirstChunk, genAIInferenceTimePerOutputChunk,
        genAIInferenceInputTokens, genAIInferenceOutputTokens, genAIUsageInputTokens, genAIUsageOutputTokens,
        genAIUsageCacheReadTokens, genAIUsageCacheWriteTokens, genAIUsageReasoningTokens,
    ]

    // MARK: v1.41

    public static let genAIOperationDuration = MetricDefinition(
        "gen_ai_client_operation_duration_seconds", .histogram, unit: .seconds,
        labels: genAILabels + ["error_type"], help: "Duration of one attempt at a provider.",
        buckets: genAISeconds)

    public static let genAITokenUsage = MetricDefinition(
        "gen_ai_client_token_usage", .histogram, labels: genAILabels + ["gen_ai_token_type"],
        help: "Billable tokens of one answer.", buckets: genAITokens)

    public static let genAITimeToFirstChunk = MetricDefinition(
        "gen_ai_client_operation_time_to_first_chunk_seconds", .histogram, unit: .seconds,
        labels: genAILabels, help: "From sending an attempt to its first chunk, for streams.",
        buckets: genAISeconds)

    public static let genAITimePerOutputChunk = MetricDefinition(
        "gen_ai_client_operation_time_per_output_chunk_seconds", .histogram, unit: .seconds,
        labels: genAILabels, help: "From one chunk to the next, for streams.", buckets: genAISeconds)

    // MARK: Unreleased

    public static let genAIInferenceDuration = MetricDefinition(
        "gen_ai_client_inference_duration_seconds", .histogram, unit: .seconds,
        labels: genAILabels + ["error_type"], help: "Duration of one attempt at a provider.",
        buckets: genAISeconds)

    public static let genAIInferenceTimeToFirstChunk = MetricDefinition(
        "gen_ai_client_inference_time_to_first_chunk_seconds", .histogram, unit: .seconds,
        labels: genAILabels, help: "From sending an attempt to its first chunk, for streams.",
        buckets: genAISeconds)

    public static let genAIInferenceTimePerOutputChunk = MetricDefinition(
        "gen_ai_client_inference_time_per_output_chunk_seconds", .histogram, unit: .seconds,
        labels: genAILabels, help: "From one chunk to the next, for streams.", buckets: genAISeconds)

    public static let genAIInferenceInputTokens = MetricDefinition(
        "gen_ai_client_inference_operation_input_tokens", .histogram, labels: genAILabels,
        help: "Input tokens of one answer.", buckets: genAITokens)

    public static let genAIInferenceOutputTokens = MetricDefinition(
        "gen_ai_client_inference_operation_output_tokens", .histogram, labels: genAILabels,
        help: "Output tokens of one answer.", buckets: genAITokens)

    public static let genAIUsageInputTokens = usage(
        "gen_ai_client_inference_usage_input_tokens_total", "Input tokens.")
    public static let genAIUsageOutputTokens = usage(
        "gen_ai_client_inference_usage_output_tokens_total", "Output tokens.")
    public static let genAIUsageCacheReadTokens = usage(
        "gen_ai_client_inference_usage_cache_read_input_tokens_total",
        "Input tokens read from a cache; part of the input tokens.")
    public static let genAIUsageCacheWriteTokens = usage(
        "gen_ai_client_inference_usage_cache_write_input_tokens_total",
        "Input tokens written to a cache; part of the input tokens.")
    public static let genAIUsageReasoningTokens = usage(
        "gen_ai_client_inference_usage_reasoning_output_tokens_total",
        "Output tokens spent on reasoning; part of the output tokens.")

    private static func usage(_ name: String, _ help: String) -> MetricDefinition {
        MetricDefinition(
            name, .counter, labels: genAILabels + ["gen_ai_token_modality"], help: help)
    }

    // MARK: What they share

    static let genAILabels = [
        "gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model",
        "server_address", "server_port",
    ]

    /// The conventions' buckets of durations: 10 ms to 82 s.
    public static let genAISeconds: [Double] = [
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ]

    /// The conventions' buckets of tokens: powers of four.
    public static let genAITokens: [Double] = [
        1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216,
        67_108_864,
    ]
}
