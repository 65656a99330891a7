"""Metrics that no panel and no alert looks at, on purpose, and why. Nothing else may be unused."""

_OTHERS = "for dashboards that are made for OpenTelemetry's names; the llm_ metrics beside it count the same"
_LATEST = "exported in place of the others with semconv: latest; " + _OTHERS

DELIBERATELY_UNUSED = {
    "gen_ai_client_operation_duration_seconds": _OTHERS,
    "gen_ai_client_token_usage": _OTHERS,
    "gen_ai_client_operation_time_to_first_chunk_seconds": _OTHERS,
    "gen_ai_client_operation_time_per_output_chunk_seconds": _OTHERS,
    "gen_ai_client_inference_duration_seconds": _LATEST,
    "gen_ai_client_inference_time_to_first_chunk_seconds": _LATEST,
    "gen_ai_client_inference_time_per_output_chunk_seconds": _LATEST,
    "gen_ai_client_inference_operation_input_tokens": _LATEST,
    "gen_ai_client_inference_operation_output_tokens": _LATEST,
    "gen_ai_client_inference_usage_input_tokens_total": _LATEST,
    "gen_ai_client_inference_usage_output_tokens_total": _LATEST,
    "gen_ai_client_inference_usage_cache_read_input_tokens_total": _LATEST,
    "gen_ai_client_inference_usage_cache_write_input_tokens_total": _LATEST,
    "gen_ai_client_inference_usage_reasoning_output_tokens_total": _LATEST,
    "process_virtual_memory_bytes": "address space that is reserved, not used: it says nothing about memory",
    "signalbox_span_queue_length":
        "the same as otel_sdk_processor_span_queue_size, which is shown as a share of its capacity",
}
