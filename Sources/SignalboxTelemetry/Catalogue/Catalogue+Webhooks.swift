/// What waits for webhooks, and how it is delivered. An endpoint is named by its tenant.
extension Catalogue {
    static let webhooks: [MetricDefinition] = [
        outboxPending, outboxOldest, webhookDeliveries, webhookSeconds, webhookBytes, webhookDeadLetters,
        webhookEndpointDisabled, webhooksInFlight,
    ]

    public static let outboxPending = MetricDefinition(
        "llm_usage_outbox_pending", .gauge, labels: ["endpoint"],
        help: "Usage records that are yet to be delivered.")

    public static let outboxOldest = MetricDefinition(
        "llm_usage_outbox_oldest_seconds", .gauge, unit: .seconds, labels: ["endpoint"],
        help: "Age of the oldest usage record that is yet to be delivered; 0 where there is none.")

    public static let webhookDeliveries = MetricDefinition(
        "llm_webhook_deliveries_total", .counter, labels: ["endpoint", "result"],
        help: "Attempts at deliveries, by what became of the delivery.")

    public static let webhookSeconds = MetricDefinition(
        "llm_webhook_delivery_seconds", .histogram, unit: .seconds, labels: ["endpoint"],
        help: "Duration of one attempt at a delivery, from sending to the answer's end.",
        buckets: modelSeconds)

    public static let webhookBytes = MetricDefinition(
        "llm_webhook_bytes_total", .counter, labels: ["endpoint", "encoding"],
        help: "Bytes of the bodies that were sent, as they were sent.")

    public static let webhookDeadLetters = MetricDefinition(
        "llm_webhook_dead_letters", .gauge, labels: ["endpoint"],
        help: "Deliveries that were given up and are kept.")

    public static let webhookEndpointDisabled = MetricDefinition(
        "signalbox_webhook_endpoint_disabled", .gauge, labels: ["endpoint"],
        help: "1 while nothing is sent to the endpoint, 0 while it is.")

    public static let webhooksInFlight = MetricDefinition(
        "signalbox_webhook_deliveries_in_flight", .gauge,
        help: "Deliveries that are being sent; at most webhooks.concurrency.")
}
