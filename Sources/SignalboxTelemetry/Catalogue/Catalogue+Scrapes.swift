/// What telemetry itself costs. Every series is there from the start, so that a scrape changes values only.
extension Catalogue {
    static let scraping: [MetricDefinition] = [scrapes, scrapeDuration, expositionBytes]

    public static let scrapes = MetricDefinition(
        "signalbox_scrapes_total", .counter, labels: ["result"],
        help: "Requests for the metrics, by how they ended.")

    public static let scrapeDuration = MetricDefinition(
        "signalbox_scrape_duration_seconds", .histogram, unit: .seconds,
        help: "From a request for the metrics until they were ready to be sent.", buckets: ownSeconds)

    public static let expositionBytes = MetricDefinition(
        "signalbox_exposition_bytes_total", .counter, unit: .bytes, labels: ["encoding"],
        help: "Bytes of metrics that were rendered; shared renderings count once.")
}
