/// What happens at providers: one attempt is one request to one model with one key.
extension Catalogue {
    static let attempts: [MetricDefinition] = [
        requests, requestLatency, requestErrors, tokens, tokenDetails, cost, unpricedRequests,
        timeToFirstToken, timePerOutputToken,
        inflightRequests, malformedStreamChunks, tokenRequests,
    ]

    public static let requests = MetricDefinition(
        "llm_requests_total", .counter, labels: ["provider", "model", "status"],
        help: "Attempts at providers, by how they ended.")

    public static let requestLatency = MetricDefinition(
        "llm_request_latency_seconds", .histogram, unit: .seconds, labels: ["provider", "model"],
        help: "Duration of one attempt at a provider, from sending to the last byte.", buckets: modelSeconds)

    public static let requestErrors = MetricDefinition(
        "llm_request_errors_total", .counter, labels: ["provider", "model", "error_type"],
        help: "Failed attempts at providers, by class of error.")

    public static let tokens = MetricDefinition(
        "llm_tokens_total", .counter, labels: ["provider", "model", "type"],
        help: "Billable tokens.")

    public static let tokenDetails = MetricDefinition(
        "llm_token_details_total", .counter, labels: ["provider", "model", "kind"],
        help: "Subsets of llm_tokens_total; never to be added to it.")

    public static let cost = MetricDefinition(
        "llm_cost_total", .counter, labels: ["provider", "model", "currency"],
        help: "What answers cost, in units of the price's own currency.")

    public static let unpricedRequests = MetricDefinition(
        "llm_unpriced_requests_total", .counter, labels: ["provider", "model"],
        help: "Answers whose tokens were counted, but for which no price is known.")

    public static let timeToFirstToken = MetricDefinition(
        "llm_time_to_first_token_seconds", .histogram, unit: .seconds, labels: ["provider", "model"],
        help: "From sending an attempt to its first content, for streams.", buckets: modelSeconds)

    public static let timePerOutputToken = MetricDefinition(
        "llm_time_per_output_token_seconds", .histogram, unit: .seconds, labels: ["provider", "model"],
        help: "From a stream's first content to its end, divided by the tokens after the first.",
        buckets: tokenSeconds)

    public static let inflightRequests = MetricDefinition(
        "llm_inflight_requests", .gauge, labels: ["provider"],
        help: "Attempts at a provider that have not ended.")

    public static let tokenRequests = MetricDefinition(
        "signalbox_token_requests_total", .counter, labels: ["provider", "result"],
        help: "Requests for the short-lived tokens with which a provider is called, by how they ended.")

    public static let malformedStreamChunks = MetricDefinition(
        "signalbox_malformed_stream_chunks_total", .counter, labels: ["provider"],
        help: "Chunks of provider streams that were skipped because they could not be read.")
}
