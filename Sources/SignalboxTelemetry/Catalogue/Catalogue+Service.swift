/// Signalbox itself: its build, its configuration and its limits.
extension Catalogue {
    static let service: [MetricDefinition] = [
        buildInfo, configLastReloadSuccessful, configLastReloadSuccessTimestamp, seriesDropped,
        seriesRemoved, metricMistakes,
        logLinesDropped, connections, connectionsRefused, requestsRejected, eventLoopLag,
    ]

    public static let buildInfo = MetricDefinition(
        "signalbox_build_info", .info, labels: ["version", "revision", "swift"],
        help: "The build that runs, as labels; always 1.")

    public static let configLastReloadSuccessful = MetricDefinition(
        "signalbox_config_last_reload_successful", .gauge,
        help: "1 if the last attempt to load the configuration succeeded, else 0.")

    public static let configLastReloadSuccessTimestamp = MetricDefinition(
        "signalbox_config_last_reload_success_timestamp_seconds", .gauge, unit: .seconds,
        help: "When the configuration was last loaded successfully, in seconds since 1970.")

    public static let seriesDropped = MetricDefinition(
        "signalbox_series_dropped_total", .counter, labels: ["metric"],
        help: "Label sets beyond a metric's cap, whose samples went to the series labelled other.")

    public static let seriesRemoved = MetricDefinition(
        "signalbox_series_removed_total", .counter, labels: ["metric"],
        help: "Series taken out because nothing that is configured or in flight uses them any more.")

    public static let metricMistakes = MetricDefinition(
        "signalbox_metric_mistakes_total", .counter,
        help:
            "Samples and label sets ignored because they were wrong, such as NaN or a missing label."
    )

    public static let logLinesDropped = MetricDefinition(
        "signalbox_log_lines_dropped_total", .counter,
        help: "Log lines lost because the log's reader was slower than its writers, or gone.")

    public static let connections = MetricDefinition(
        "signalbox_connections", .gauge, help: "Connections by callers that are open.")

    public static let connectionsRefused = MetricDefinition(
        "signalbox_connections_refused_total", .counter,
        help: "Connections closed at once because as many as allowed were open.")

    public static let requestsRejected = MetricDefinition(
        "signalbox_requests_rejected_total", .counter, labels: ["reason"],
        help: "Requests ended by a limit or for their form before they reached routing.")

    public static let eventLoopLag = MetricDefinition(
        "signalbox_event_loop_lag_seconds", .histogram, unit: .seconds,
        help: "How late an event loop ran a timer.", buckets: ownSeconds)
}
