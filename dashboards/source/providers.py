"""One provider, or all beside each other: speed, failures, and what keeps requests from it."""

from .layout import GREEN, INSTANCE, JOB, MODEL, ORANGE, PROVIDER, RED, YELLOW, Dashboard, Query, Row
from .panels import CIRCUIT, HEALTH, cell_link, link, quantile, quantiles, rate, series, table, timeline

HERE = 'provider=~"$provider"'
MODELS = f'{HERE}, model=~"$model"'
ATTEMPTS = "llm_requests_total"
LATENCY = "llm_request_latency_seconds"
FIRST = "llm_time_to_first_token_seconds"
TOKEN = "llm_time_per_output_token_seconds"
TO_KEYS = link("Keys of this provider", "keys", "provider")
FAILED = f'{MODELS}, status="failure"'
SHARE_FAILED = f"{rate(ATTEMPTS, FAILED, 'provider')} / ({rate(ATTEMPTS, MODELS, 'provider')} > 0)"

NOW = Row("Now", [
    table("Providers",
          Query(f"min by (provider) (llm_provider_health{{@, {HERE}}})", column="Health", states=HEALTH),
          Query(f'max by (provider) (llm_circuit_state{{@, {HERE}, key="all"}})', column="Circuit",
                states=CIRCUIT),
          Query(rate(ATTEMPTS, MODELS, "provider"), column="Attempts", unit="reqps"),
          Query(SHARE_FAILED, column="Failed", unit="percentunit", steps=(GREEN, 0.05, YELLOW, 0.3, RED)),
          Query(quantile(0.95, LATENCY, MODELS, "provider"), column="Latency p95", unit="s"),
          Query(quantile(0.95, FIRST, MODELS, "provider"), column="First token p95", unit="s"),
          Query(quantile(0.5, TOKEN, MODELS, "provider"), column="A token p50", unit="s"),
          Query(f"sum by (provider) (llm_inflight_requests{{@, {HERE}}})", column="In flight", unit="short"),
          Query(f"min by (provider) (llm_ratelimit_headroom_ratio{{@, {HERE}}})", column="Least headroom",
                unit="percentunit", steps=(RED, 0.05, ORANGE, 0.2, GREEN)),
          labels={"provider": "Provider"}, height=7,
          links={"provider": cell_link("Only this one", "providers", "provider")},
          shows="Each provider as it stands.",
          bad="Red anywhere: unhealthy, an open circuit, many failures, a limit that is used up.",
          then="Click the provider; the rows below are then its own.",
          empty="A cell is, where there is nothing to tell: no attempts, no streams, no known limit."),
])

STATES = Row("Health and circuits", [
    timeline("Health", Query(f"min by (provider) (llm_provider_health{{@, {HERE}}})", "{{provider}}"),
             states=HEALTH, links=[TO_KEYS],
             shows="By the errors and latencies of the last minute, from five replies on; the worst of the "
                   "instances.",
             bad="unhealthy (60 % of attempts fail) or degraded (30 %, or twice as slow as before) for "
                 "minutes.",
             then="Errors by class below, and the provider's own status page."),
    timeline("Circuits",
             Query(f"max by (provider, key) (llm_circuit_state{{@, {HERE}}})", "{{provider}} {{key}}"),
             states=CIRCUIT, links=[TO_KEYS],
             shows="The breaker of each provider (all) and of each of its keys; none is a provider without "
                   "keys. While open, nobody is sent there.",
             bad="open for longer than a cool-down or two: each probe fails.",
             then="docs/standing.md: what counts, and what ends it. One key alone: see Keys."),
])

SPEED = Row("Speed", [
    series("Latency p95", Query(quantile(0.95, LATENCY, MODELS, "provider"), "{{provider}}"), unit="s",
           nothing="No attempts in this time",
           shows="Duration of an attempt, from sending it to the last byte; failed ones included.",
           bad="It grows towards timeouts.total: attempts will end there, and fall back.",
           then="Long answers or a slow provider? Time per output token tells them apart."),
    series("Latency p50, p95, p99", *quantiles(LATENCY, MODELS), unit="s", nothing="No attempts in this time",
           shows="The same for all chosen providers and models together.",
           bad="p99 rises alone: a few attempts run into timeouts.",
           then="Errors by class: timeout."),
    series("Latency p95 by model", Query(quantile(0.95, LATENCY, MODELS, "provider, model"),
                                         "{{provider}}/{{model}}"),
           unit="s", nothing="No attempts in this time",
           shows="The same for each model.",
           bad="One model alone is slow: its provider is well.",
           then="The order of models in the configuration."),
    series("Time to first token",
           Query(quantile(0.5, FIRST, MODELS, "provider"), "{{provider}} p50"),
           Query(quantile(0.95, FIRST, MODELS, "provider"), "{{provider}} p95"),
           unit="s", width=12, nothing="No streams in this time",
           shows="From sending an attempt to its first content. Streams only.",
           bad="Near timeouts.first_token: attempts end there and fall back. Long prompts take longer too.",
           then="hedge_after on the route, or another provider first."),
    series("Time per output token",
           Query(quantile(0.5, TOKEN, MODELS, "provider"), "{{provider}} p50"),
           Query(quantile(0.95, TOKEN, MODELS, "provider"), "{{provider}} p95"),
           unit="s", width=12, nothing="No streams in this time",
           shows="From a stream's first content to its end, divided by the tokens after the first.",
           bad="It doubles: the provider is short of machines, whatever its status page says.",
           then="The strategies lowest latency or adaptive turn away from it by themselves: "
                "docs/routing.md."),
])

ERRORS = Row("Failures", [
    series("Errors by class",
           Query(rate("llm_request_errors_total", MODELS, "error_type") + " > 0", "{{error_type}}"),
           unit="ops", stack=True, nothing="No failures in this time",
           shows="Failed attempts a second, by class.",
           bad="key_rejected, no_credit, access_missing, model_not_found: a person must act, nothing of it "
               "passes by itself. malformed_reply: a proxy in between, or the vendor changed something.",
           then="docs/failures.md has a row for each class. llm_request_failed in the log has the provider's "
                "words.",
           empty="While nothing fails."),
    series("Share of failed attempts", Query(SHARE_FAILED, "{{provider}}"), unit="percentunit", high=1,
           steps=("transparent", 0.3, YELLOW, 0.6, RED), nothing="No attempts in this time",
           shows="Of each provider's attempts, those that failed.",
           bad="From 30 % on it is degraded, from 60 % unhealthy (the dashed lines).",
           then="Errors by class, for that provider alone."),
    series("Errors by provider and class",
           Query(f"topk(10, {rate('llm_request_errors_total', MODELS, 'provider, error_type')} > 0)",
                 "{{provider}}: {{error_type}}"),
           unit="ops", nothing="No failures in this time", links=[TO_KEYS],
           shows="The ten most frequent failures.",
           bad="One class at one provider: something there. One class at all of them: something here, such "
               "as the network or the clock.",
           then="Click for the provider's keys.",
           empty="While nothing fails."),
    series("Attempts", Query(rate(ATTEMPTS, MODELS, "provider, status"), "{{provider}}: {{status}}"),
           unit="reqps", stack=True,
           shows="Attempts a second, by how they ended.",
           bad="A provider gets none although it is configured: it is out, open or never reached in the "
               "order.",
           then="POST /admin/explain says why a request goes where it goes."),
    series("Chunks that could not be read", Query(rate("signalbox_malformed_stream_chunks_total", HERE,
                                                       "provider"), "{{provider}}"),
           unit="ops",
           shows="Chunks of streams that were skipped because they were not what they should be. Each is "
                 "logged.",
           bad="Any: parts of answers are missing. The fourth in a stream breaks it.",
           then="The log line names the provider and the reason; the vendor may have changed its format."),
    series("Requests for tokens", Query(rate("signalbox_token_requests_total", HERE, "provider, result"),
                                        "{{provider}}: {{result}}"),
           unit="ops", nothing="No provider is called with short-lived tokens",
           shows="Requests for the short-lived tokens with which some providers are called (GigaChat), by "
                 "how they ended. Other providers have none.",
           bad="Anything but success: soon no attempt can be made.",
           then="The key and its scope: Keys.",
           empty="Where no provider is called with short-lived tokens."),
])

LIMITS = Row("Limits", [
    series("Headroom",
           Query(f"min by (provider, key, kind) (llm_ratelimit_headroom_ratio{{@, {HERE}}})",
                 "{{provider}} {{key}} {{kind}}"),
           unit="percentunit", high=1, steps=("transparent", 0.05, RED), width=12, links=[TO_KEYS],
           nothing="No limit is configured or told by a provider",
           shows="The free part of each limit that is known, from the configuration or the provider's "
                 "replies; all is the provider's own. Providers without a known limit have none.",
           bad="0: requests wait in line or go elsewhere.",
           then="More keys, a higher tier at the vendor, or the strategy best-available.",
           empty="Where no limit is configured or told by a provider."),
    series("Rotations", Query(rate("llm_rotations_total", HERE, "provider, kind, reason") + " > 0",
                              "{{provider}} {{kind}}: {{reason}}"),
           unit="ops", width=12, stack=True, nothing="Nothing rotated in this time", links=[TO_KEYS],
           shows="Moves to another key or model of the same provider a second, and why. Only providers with "
                 "several keys or models have any.",
           bad="key: key_rejected or no_credit. That key is lost until a person acts.",
           then="Keys. rate_limited is what several keys are for.",
           empty="While nothing rotates, or where no provider has several keys or models."),
    series("In flight", Query(f"sum by (provider) (llm_inflight_requests{{@, {HERE}}})", "{{provider}}"),
           unit="short", stack=True,
           shows="Attempts that have not ended.",
           bad="It stays at limits.concurrency.",
           then="In line, beside this; then the limit, or more providers."),
    series("In line",
           Query(f"sum by (provider, priority) (llm_queue_depth{{@, {HERE}}})",
                 "{{provider}}: {{priority}}"),
           unit="short", stack=True,
           shows="Requests that wait for this provider's limits; one that several could serve counts at the "
                 "first.",
           bad="It only grows.",
           then="Headroom above says which limit; docs/queue.md how waiting ends."),
    series("Sessions",
           Query("sum(signalbox_sessions{@})", "kept"),
           Query(rate("signalbox_session_evictions_total"), "forgotten a "
                                                                                         "second"),
           unit="short",
           shows="Sessions that are kept with a target (affinity), and those that were forgotten before "
                 "their time. All providers together; 0 without affinity.",
           bad="Forgotten above 0: sessions change their provider, whose caches of prompts are then of no "
               "use.",
           then="routing.affinity in the configuration: more of them, or for a shorter time."),
])

DASHBOARD = Dashboard(
    "providers", "Providers",
    "How each provider stands, how fast it answers, how it fails, and which limits keep requests from it.",
    [JOB, INSTANCE, PROVIDER, MODEL], [NOW, STATES, SPEED, ERRORS, LIMITS])
