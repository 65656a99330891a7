/// What is known of providers and their keys between requests; set as a scrape asks.
extension Catalogue {
    static let standing: [MetricDefinition] = [
        providerHealth, circuitState, headroom, sessions, sessionEvictions,
    ]

    public static let providerHealth = MetricDefinition(
        "llm_provider_health", .gauge, labels: ["provider"],
        help: "By the errors and latencies of the last minute: 1 healthy, 0.5 degraded, 0 unhealthy.")

    public static let circuitState = MetricDefinition(
        "llm_circuit_state", .gauge, labels: ["provider", "key"],
        help: "Breakers: 0 closed, 1 half-open, 2 open; the key \"all\" is the provider's own.")

    public static let headroom = MetricDefinition(
        "llm_ratelimit_headroom_ratio", .gauge, unit: .ratio, labels: ["provider", "key", "kind"],
        help: "The free part of a limit, 0 to 1, where one is known; the key \"all\" is the provider's own.")

    public static let sessions = MetricDefinition(
        "signalbox_sessions", .gauge, help: "Sessions that are kept with a target.")

    public static let sessionEvictions = MetricDefinition(
        "signalbox_session_evictions_total", .counter,
        help: "Sessions that were forgotten before their time, since too many others came.")
}

/// Values of the label `kind` of the headroom.
public enum LimitKind: String, Sendable, CaseIterable {
    case requests
    case tokens
}
