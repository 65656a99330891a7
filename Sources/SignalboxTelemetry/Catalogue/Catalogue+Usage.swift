/// What bills are made of, and whether any of it was lost.
extension Catalogue {
    static let usage: [MetricDefinition] = [
        usageRecords, usageLostRecords, usageDrains, usageListenerRecords,
    ]

    public static let usageRecords = MetricDefinition(
        "llm_usage_records_total", .counter, labels: ["tenant", "outcome"],
        help: "Usage records, one for each attempt at a provider, by how the attempt ended.")

    public static let usageLostRecords = MetricDefinition(
        "signalbox_usage_lost_records_total", .counter, labels: ["reason"],
        help: "Usage records that could not be kept: nobody is billed for them.")

    public static let usageDrains = MetricDefinition(
        "signalbox_usage_drains_total", .counter, labels: ["result"],
        help: "Answers whose caller had left: the provider's count was waited for, or is a guess.")

    public static let usageListenerRecords = MetricDefinition(
        "signalbox_usage_listener_records_total", .counter, labels: ["result"],
        help: "Usage records that a part of the program wanted to hear of, by what became of that.")
}
