/// What waits in line for a provider whose limits are reached.
extension Catalogue {
    static let queue: [MetricDefinition] = [queueDepth, queueWait, queueRejections]

    public static let queueDepth = MetricDefinition(
        "llm_queue_depth", .gauge, labels: ["provider", "priority"],
        help: "Requests that wait for a provider's limits; one that several could serve counts at the first.")

    public static let queueWait = MetricDefinition(
        "llm_queue_wait_seconds", .histogram, unit: .seconds, labels: ["priority"],
        help: "How long requests waited for a provider's limits, however the wait ended.",
        buckets: modelSeconds)

    public static let queueRejections = MetricDefinition(
        "signalbox_queue_rejections_total", .counter, labels: ["reason"],
        help: "Requests that were not allowed to wait for a provider's limits, or not any longer.")
}
