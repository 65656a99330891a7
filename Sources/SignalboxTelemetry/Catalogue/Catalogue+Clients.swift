/// What callers see, and the routing decisions behind it.
extension Catalogue {
    static let clients: [MetricDefinition] = [
        clientRequests, clientRequestDuration, overhead, fallbacks, rotations, exhaustions, holds, hedges,
        continuations, tenantTokens, tenantCost,
    ]

    public static let clientRequests = MetricDefinition(
        "llm_client_requests_total", .counter, labels: ["route", "tenant", "outcome"],
        help: "Requests by callers, by what the caller saw in the end.")

    public static let clientRequestDuration = MetricDefinition(
        "llm_client_request_duration_seconds", .histogram, unit: .seconds, labels: ["route", "outcome"],
        help: "From a caller's request to the last byte of its answer.", buckets: modelSeconds)

    public static let overhead = MetricDefinition(
        "llm_overhead_seconds", .histogram, unit: .seconds, labels: ["route"],
        help: "The part of a request's duration that was not spent waiting for a provider.",
        buckets: ownSeconds)

    public static let fallbacks = MetricDefinition(
        "llm_fallbacks_total", .counter, labels: ["route", "from", "to", "reason"],
        help: "Moves to a candidate at another provider.")

    public static let rotations = MetricDefinition(
        "llm_rotations_total", .counter, labels: ["provider", "kind", "reason"],
        help: "Moves to another key or model within a provider.")

    public static let exhaustions = MetricDefinition(
        "llm_exhaustions_total", .counter, labels: ["route", "reason"],
        help: "Requests for which every candidate was tried or unavailable.")

    public static let holds = MetricDefinition(
        "llm_holds_total", .counter, labels: ["route", "outcome"],
        help: "Streams that were held back from their callers, by how that ended.")

    public static let hedges = MetricDefinition(
        "llm_hedges_total", .counter, labels: ["route", "outcome"],
        help: "Second attempts that were begun beside a slow one, by how that ended.")

    public static let continuations = MetricDefinition(
        "llm_continuations_total", .counter, labels: ["route", "outcome"],
        help: "Streams that broke off and were to be gone on with elsewhere, by how that ended.")

    public static let tenantTokens = MetricDefinition(
        "llm_tenant_tokens_total", .counter, labels: ["tenant", "type"],
        help: "Billable tokens of the answers that a tenant's requests had.")

    public static let tenantCost = MetricDefinition(
        "llm_tenant_cost_total", .counter, labels: ["tenant", "currency"],
        help: "What the answers cost that a tenant's requests had.")
}
