/// What bills are made of, and whether any of it was lost.
extension Catalogue {
    static let usage: [MetricDefinition] = [
        usageRecords, usageLostRecords, usageDrains, usageDrainsInFlight, usageListenerRecords,
        usageCommitSeconds,
        usageCommitRecords, usageStoreBytes, usageStoreBytesMax, usageStoreHealthy, usagePurgedRecords,
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

    public static let usageDrainsInFlight = MetricDefinition(
        "signalbox_usage_drains_in_flight", .gauge,
        help: "Answers that are listened to although their caller has left; at most usage.drain.max.")

    public static let usageListenerRecords = MetricDefinition(
        "signalbox_usage_listener_records_total", .counter, labels: ["result"],
        help: "Usage records that a part of the program wanted to hear of, by what became of that.")

    public static let usageCommitSeconds = MetricDefinition(
        "signalbox_usage_commit_seconds", .histogram, unit: .seconds, labels: [],
        help: "How long it took to bring a group of usage records to the disk.", buckets: ownSeconds)

    public static let usageCommitRecords = MetricDefinition(
        "signalbox_usage_commit_records", .histogram, labels: [],
        help: "Usage records that were brought to the disk together.",
        buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 4_096])

    public static let usageStoreBytes = MetricDefinition(
        "signalbox_usage_store_bytes", .gauge, unit: .bytes, labels: [],
        help: "What usage records and their deliveries take on the disk.")

    public static let usageStoreBytesMax = MetricDefinition(
        "signalbox_usage_store_max_bytes", .gauge, unit: .bytes, labels: [],
        help: "What usage records and their deliveries may take on the disk: usage.size_max.")

    public static let usageStoreHealthy = MetricDefinition(
        "signalbox_usage_store_healthy", .gauge, labels: [],
        help: "1 while usage records can be kept, 0 while the disk is full or does not do what it should.")

    public static let usagePurgedRecords = MetricDefinition(
        "signalbox_usage_purged_records_total", .counter, labels: ["reason"],
        help: "Usage records that nobody waited for and that are gone: for their age, or to make room.")
}
