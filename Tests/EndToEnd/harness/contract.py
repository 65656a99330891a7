"""The names and choices that the tests take for granted, each in one place.

Names of metrics, labels and headers are DESIGN.md's. What DESIGN.md leaves open is marked "assumed".
"""

ERROR_TYPES = frozenset({
    "unreachable", "timeout", "overloaded", "rate_limited", "key_rejected", "no_credit", "access_missing",
    "model_not_found", "context_too_long", "content_filtered", "invalid_request", "malformed_reply",
    "interrupted", "cancelled",
})
OUTCOMES = frozenset({
    "success", "fallback", "exhausted", "rejected", "invalid", "cancelled", "interrupted",
})

REQUEST_ID_HEADER = "x-request-id"
PROVIDER_HEADER = "x-signalbox-provider"
MODEL_HEADER = "x-signalbox-model"
ATTEMPTS_HEADER = "x-signalbox-attempts"

# Assumed: the tenant label of a caller when no tenants are configured.
ANONYMOUS_TENANT = "anonymous"
# The route label of a model that no route serves, so that no caller can invent a label value.
UNKNOWN_ROUTE = "other"

# A request's last log line: one of these, and the only one of its lines with the `attempts` history.
COMPLETED = "llm_request_completed"
LAST_LINES = frozenset({COMPLETED, "llm_request_failed", "llm_exhausted"})
ATTEMPT_FIELDS = frozenset({
    "provider", "model", "key", "error_type", "status", "ms", "prompt_tokens", "completion_tokens"})

# An exhausted request's status, unless every candidate was rate limited (429).
EXHAUSTED_STATUSES = frozenset({502, 503, 504})

# Assumed: the command line that serves the demo on free ports instead of 8080 and 9464.
DEMO_ARGUMENTS = ("serve", "--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")

# Assumed: a wrong configuration's exit code, and that of any other failure to start.
EXIT_WRONG_CONFIGURATION = 2
EXIT_FAILED = 1

# Never to be seen in a log, an error or a metric: the tests look for these everywhere.
PROMPT = "Wherefore does the 5:17 to Crewe not run on Sundays?"
