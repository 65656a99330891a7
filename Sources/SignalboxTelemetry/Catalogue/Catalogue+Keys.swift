/// What checks have found out about keys, which are named by their aliases. A gauge is there only where there
/// is something to tell.
extension Catalogue {
    static let keys: [MetricDefinition] = [
        keyValid, keyState, keyChecks, keyLastCheck, keyVerified, keyExpiry, keyBalance, keyLimitRemaining,
        keyCheckSeconds, keyChecksSkipped, keyChecksInFlight, keyChecksOverdue, keyValidations,
    ]

    public static let keyValid = MetricDefinition(
        "llm_key_valid", .gauge, labels: ["provider", "key"],
        help: "1 for a key that is believed to be good, 0 for one that is not; absent while nothing is known."
    )

    public static let keyState = MetricDefinition(
        "llm_key_state", .stateset, labels: ["provider", "key", "state"],
        help: "What is believed of a key; a check that taught nothing changes nothing.")

    public static let keyChecks = MetricDefinition(
        "llm_key_checks_total", .counter, labels: ["provider", "result"],
        help: "Checks of keys, by the state that each found.")

    public static let keyLastCheck = MetricDefinition(
        "llm_key_last_check_timestamp_seconds", .gauge, unit: .seconds, labels: ["provider", "key"],
        help: "When a key was last checked, whatever that said, in seconds since 1970.")

    public static let keyVerified = MetricDefinition(
        "signalbox_key_verified_timestamp_seconds", .gauge, unit: .seconds, labels: ["provider", "key"],
        help: "When a check or a caller's request last showed that a key works, in seconds since 1970.")

    public static let keyExpiry = MetricDefinition(
        "llm_key_expiry_timestamp_seconds", .gauge, unit: .seconds, labels: ["provider", "key"],
        help: "When a key expires, where the provider says, in seconds since 1970.")

    public static let keyBalance = MetricDefinition(
        "llm_key_balance", .gauge, labels: ["provider", "key", "currency"],
        help: "What a key has left to spend, where the provider says; of several amounts the least.")

    public static let keyLimitRemaining = MetricDefinition(
        "llm_key_limit_remaining", .gauge, labels: ["provider", "key", "currency"],
        help: "What is left until a limit on a key is reached, where the provider says.")

    public static let keyCheckSeconds = MetricDefinition(
        "signalbox_key_check_seconds", .histogram, unit: .seconds, labels: ["provider"],
        help: "Duration of one check of a key, all its requests included.", buckets: modelSeconds)

    public static let keyChecksSkipped = MetricDefinition(
        "signalbox_key_checks_skipped_total", .counter, labels: ["provider", "reason"],
        help: "Checks of keys left out: callers' requests had proved the key, or the limit left no room.")

    public static let keyChecksInFlight = MetricDefinition(
        "signalbox_key_checks_in_flight", .gauge, help: "Checks of keys that are under way; at most 16.")

    public static let keyChecksOverdue = MetricDefinition(
        "signalbox_key_checks_overdue", .gauge,
        help: "Keys whose check waits for a limit since more than a minute.")

    public static let keyValidations = MetricDefinition(
        "signalbox_key_validations_total", .counter, labels: ["verdict"],
        help: "Keys that were asked about over HTTP; `busy`: refused, as many were under way as may be.")
}

/// Why a check of a key was left out.
public enum KeySkipReason: String, Sendable, CaseIterable {
    /// A caller's request had shown that the key works.
    case traffic
    /// It was still waiting for its provider's limit when the next one was due.
    case limit
}
